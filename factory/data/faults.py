"""Find what gives away that a model wrote a text on demand: a named label, a refusal, talk about the text itself.

Each rule is narrow: people do write "Sure, see you" or "neutral", and what they would write is no fault. The rules
know English alone, but for a label that is spelled as no language does it.
"""

from __future__ import annotations

import re
from functools import cache

from factory.data.examples import Example, parts_of
from factory.data.languages import is_in_another_language

TEXT = (
    "texts?|tweets?|reviews?|messages?|comments?|posts?|sentences?|statements?|e-?mails?|sms|examples?|headlines?|"
    "articles?|opinions?|responses?|queries|query|questions?|samples?|paragraphs?|snippets?"
)
TALK = re.compile(
    rf"""^\W*(?:(?:sure|certainly|of\ course|absolutely|okay|ok|great)\b\W+)?
        (?:here(?:\ is|\ are|'s)|below\ (?:is|are)|the\ following\ (?:is|are))\b
        [^.!?\n]{{0,60}}\b(?:{TEXT})\b[^.!?\n]{{0,60}}(?::|\bthat\b|\blabel)
    |^\W*(?:text|tweet|review|message|comment|example|sentence|sample)\ (?:no\.?\ ?|\#)?\d{{1,3}}\ ?[:.)-]
    |\[(?:your|insert|enter|recipient|customer|company|product|first|last)\b[^\]\n]{{0,40}}\]
    |\bas\ an?\ (?:ai|large)\ (?:language\ )?(?:model|assistant)\b|^\W*as\ an\ ai,
    |\b(?:let\ me\ know|feel\ free\ to\ ask)\b[^.!?\n]{{0,50}}\b(?:more|other|additional|different)\ (?:{TEXT})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
REFUSAL = re.compile(
    r"""^\W*(?:i'?\s?a?m\ )?(?:very\ |so\ )?(?:sorry|afraid|apologi[sz]e)?\W*(?:but\ )?(?:that\ )?
        i\W?(?:\ ?a?m\ (?:unable|not\ able)\ to|\ ?can(?:no|')?t|\ (?:will|do)\ not|\ won't)\ 
        (?:assist|help|comply|generate|create|write|provide|produce|fulfil+|engage|continue)\b
        [^.!?\n]{0,40}\b(?:request|that|content|texts?|examples?|prompt|task)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
OPENING, CLOSING = r"[\"'*_`(\[]*", r"[\"'*_`)\]]*"


def find_fault(row: Example, language: str | None) -> str | None:
    """Return what is wrong with a text that a teacher wrote, or None; `language` is the ISO 639 code of its task."""
    for text in parts_of(row.content):
        if row.asked_for is not None and names_label(text, row.asked_for):
            return "names its label"
        if is_refusal(text):
            return "refusal"
        if talks_about_itself(text):
            return "talks about itself"
        if language and is_in_another_language(text, language):
            return "another language"
    return None


def is_refusal(text: str) -> bool:
    """Return whether the text says that it will not be written."""
    return bool(REFUSAL.search(text.translate(STRAIGHT)))


def talks_about_itself(text: str) -> bool:
    """Return whether the text announces or numbers itself, has a gap left to fill in, or speaks as an assistant."""
    return bool(TALK.search(text.translate(STRAIGHT)))


def names_label(text: str, label: str) -> bool:
    """Return whether the text states `label` as its label, or spells it as only a list of labels does."""
    return bool(_statements(label).search(text.translate(STRAIGHT)))


@cache
def _statements(label: str) -> re.Pattern[str]:
    """Return what matches a statement of the label; a label that is a common word has to be stated, not just used."""
    word = re.escape(re.sub(r"[_\s]+", " ", label)).replace(r"\ ", r"[_\s-]+")
    quoted = f"{OPENING}{word}{CLOSING}"
    said = r"(?:\s*[:=]\s*|\s+(?:is|was)\s+)"
    patterns = [
        rf"\b(?:label|class|category|sentiment|stance|intent|tone){said}{quoted}(?!\w)",
        rf"\b(?:this|the\ following|here)(?:\s+is|\s+was|'s)\s+(?:an?|one|the)\s+(?:\w+\s+)?{quoted}\s+(?:{TEXT})\b",
        rf"^\W*(?:this\ )?{quoted}\s+(?:{TEXT})\s*(?::|\bis\b|\d)",
        rf"^\s*{quoted}\s*:\s",
        rf"[(\[]\s*(?:label:\s*)?{word}\s*[)\]]\W*$",
    ]
    if _is_spelled_for_machines(label):
        patterns.append(rf"(?<!\w){re.escape(label)}(?!\w)")
    return re.compile("|".join(patterns), re.IGNORECASE)


def _is_spelled_for_machines(label: str) -> bool:
    return bool(re.search(r"\w_\w|[a-z][A-Z]", label))
