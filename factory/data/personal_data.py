"""Find addresses, numbers and keys in texts that belong to somebody, and mask them.

What can be checked is checked: an IBAN by its check digits (ISO 13616), a card number by Luhn's (ISO/IEC 7812). Names
and streets are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

DIGITS_SHOWN = 4  # of a phone number the area or the tariff, of a card or account the bank or the country
SECRET = "secret key"
MASKS = {SECRET: "[secret]", "e-mail address": "name@example.com"}


@dataclass(frozen=True)
class Finding:
    """What was found, and where in the text."""

    kind: str
    start: int
    end: int


def find_personal_data(text: str) -> list[Finding]:
    """Return what was found in the order of the text; no two overlap, and a checked number comes before a phone's."""
    found: list[Finding] = []
    for kind, pattern, is_valid in KINDS:
        for match in pattern.finditer(text) if _may_hold(text, kind) else ():
            finding = Finding(kind, *match.span())
            if is_valid(match[0]) and not any(_overlap(finding, other) for other in found):
                found.append(finding)
    return sorted(found, key=lambda finding: finding.start)


def find_secrets(text: str) -> list[Finding]:
    """Return the keys to services, and nothing else."""
    return [Finding(SECRET, *match.span()) for match in SECRETS.finditer(text)] if _may_hold(text, SECRET) else []


def mask_personal_data(text: str, findings: Sequence[Finding]) -> str:
    """Return `text` without what was found in it, and in the same shape, which may tell which label is right.

    Digits after the fourth become 0, an e-mail address name@example.com, a key to a service [secret].
    """
    return "".join(_masked(text, findings))


def _may_hold(text: str, kind: str) -> bool:
    """Return whether to look closer; substrings are found many times faster than patterns."""
    return kind not in SIGNS or any(sign in text for sign in SIGNS[kind])


def _masked(text: str, findings: Sequence[Finding]) -> Iterator[str]:
    end = 0
    for finding in findings:
        yield text[end : finding.start]
        yield MASKS.get(finding.kind) or _hide_digits(text[finding.start : finding.end])
        end = finding.end
    yield text[end:]


def _hide_digits(number: str) -> str:
    place = count()
    return re.sub(r"\d", lambda digit: digit[0] if next(place) < DIGITS_SHOWN else "0", number)


def _overlap(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


def _has_iban_digits(text: str) -> bool:
    compact = re.sub(r"\W", "", text).upper()
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return int(number) % 97 == 1


def _has_luhn_digit(text: str) -> bool:
    digits = [int(digit) for digit in re.sub(r"\D", "", text)][::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _has_phone_digits(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and digits[DIGITS_SHOWN:].strip("0") != ""


def _is_a_persons(address: str) -> bool:
    return address != MASKS["e-mail address"]


def _anything(_: str) -> bool:
    return True


SIGNS = {
    SECRET: (
        "hf_",
        "sk-",
        "AKIA",
        "ASIA",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_",
        "AIza",
        "xox",
        "-----BEGIN",
    ),
    "e-mail address": ("@",),
}
SECRETS = re.compile(
    r"\bhf_[A-Za-z0-9]{30,}\b|\bsk-(?:proj-|svcacct-|ant-[a-z0-9]+-)?(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{60,}|\bAIza[\w-]{35}|\bxox[abprs]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9_](?:[\w.+-]{0,62}[\w+-])?@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
CARD = re.compile(
    r"(?<![\d.,-])(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2})|3[47]\d{2})(?:[ -]?\d){9,15}(?![\d.,]\d|\d)"
)
PHONE = re.compile(
    r"(?<![\w.,/+-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}"  # international
    r"|0\d{2,4}[ .-]?\d{3,4}[ .-]?\d{3,5}"  # with the prefix of many countries
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-]|[.,]\d)"  # North American
)
KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    (SECRET, SECRETS, _anything),
    ("e-mail address", EMAIL, _is_a_persons),
    ("IBAN", IBAN, _has_iban_digits),
    ("card number", CARD, _has_luhn_digit),
    ("phone number", PHONE, _has_phone_digits),
)
