"""Numbers, addresses and keys that belong to somebody are found, checked where they can be, and masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.personal_data import SECRET, find_personal_data, find_secrets, mask_personal_data


def mask(text):
    return mask_personal_data(text, find_personal_data(text))


KEYS = ["hf_" + "aB3" * 12, "sk-" + "proj-" + "a1B2" * 8, "AKIA" + "ABCD1234" * 2, "ghp_" + "a1" * 18]


@pytest.mark.parametrize(
    ("text", "kind", "masked"),
    [
        ("write to jane.doe+x@mail.example.org now", "e-mail address", "write to name@example.com now"),
        ("call 09061701461 to win", "phone number", "call 09060000000 to win"),
        ("call +44 20 7946 0958.", "phone number", "call +44 20 0000 0000."),
        ("call (415) 555-2671", "phone number", "call (415) 500-0000"),
        ("pay GB82 WEST 1234 5698 7654 32 today", "IBAN", "pay GB82 WEST 1200 0000 0000 00 today"),
        ("card 4111 1111 1111 1111", "card number", "card 4111 0000 0000 0000"),
        *((f"use {key} for it", SECRET, "use [secret] for it") for key in KEYS),
    ],
)
def test_what_belongs_to_somebody_is_found_and_masked(text, kind, masked):
    assert [finding.kind for finding in find_personal_data(text)] == [kind]
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "temperatures rose by 1.5 degrees in 2015-2020",
        "pay GB82 WEST 1234 5698 7654 33 today",  # its check digits are wrong
        "order 4111 1111 1111 1112",  # so is its last digit
        "the price is 1,234,567.89 and 10 000 000 more",
        "on 2024-11-24 at 10:30",
        "ask @jane or see user@localhost",
        "task-oriented sk-learn and hf_hub_download",
        "a sk-something-or-other-without-end",
        "won 2000 of 80000 votes",
        "write to name@example.com",
    ],
)
def test_what_belongs_to_nobody_is_left(text):
    assert find_personal_data(text) == []
    assert mask(text) == text


def test_only_keys_are_secrets():
    text = f"{KEYS[0]} and jane@mail.example.org"
    assert [(finding.kind, text[finding.start : finding.end]) for finding in find_secrets(text)] == [(SECRET, KEYS[0])]


PARTS = st.sampled_from(
    ["call", "+44 20 7946 0958", "4111 1111 1111 1111", "GB82WEST12345698765432", "a@b.org", " ", "07", "-", *KEYS]
)


@given(st.lists(PARTS, max_size=6).map(" ".join))
def test_what_is_masked_has_nothing_left_to_mask(text):
    masked = mask(text)
    assert mask(masked) == masked
    assert find_secrets(masked) == []
