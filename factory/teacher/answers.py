"""Read a label, or written texts, out of what the teacher said: tolerant of packaging, never of meaning.

A markdown fence, other case, a trailing dot or prose around one JSON object is packaging. A label outside the set, two
labels, a refusal or a cut-off answer has no label, and the reason is kept instead; nothing is ever guessed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from factory.teacher import Answer

CUT_OFF = "cut off"
EMPTY = "empty answer"
FILTERED = "filtered by the provider"
NO_LABEL = "JSON without a label"
REFUSED = "refused"
TWO_LABELS = "two labels"
UNKNOWN_LABEL = "unknown label"

THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
FENCE = re.compile(r"\A```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```\Z", re.DOTALL)
LEAD = re.compile(r"\A(?:the\s+)?(?:label|answer)\s*(?:is\s*:?|:|=)\s*", re.IGNORECASE)
REFUSAL = re.compile(
    r"\bI(?:['\u2019]m| am) (?:sorry|unable|not able)\b"
    r"|\bI (?:can['\u2019]?t|cannot|won['\u2019]?t|will not)\b|\bas an AI\b",
    re.IGNORECASE,
)
JSON_ATTEMPTS = 20  # braces tried in one answer: a megabyte of them must not take minutes
WRAPPING = " \t\r\n\"'`*\u201c\u201d\u2018\u2019"


class LabelReader:
    """Knows the labels of a task and reads one of them out of an answer."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = {_fold(label): label for label in labels}

    def read(self, content: str) -> Answer:
        """Return the label that `content` gives, or the reason why it gives none."""
        text = unwrap(content)
        if not text:
            return Answer(None, CUT_OFF if content.lstrip().startswith("<think>") else EMPTY)
        values = list(_labels_in_json(text))
        if not values:
            return self._read_bare(text)
        found = {self._labels.get(_fold(value)) for value in values}
        if len(found - {None}) > 1:
            return Answer(None, TWO_LABELS)
        (label,) = found if len(found) == 1 else (None,)
        return Answer(label) if label else Answer(None, UNKNOWN_LABEL if any(values) else EMPTY)

    def _read_bare(self, text: str) -> Answer:
        bare = LEAD.sub("", text.strip(WRAPPING)).strip(WRAPPING)
        for attempt in (bare, bare.rstrip(".!").rstrip(WRAPPING)):
            if label := self._labels.get(_fold(attempt)):
                return Answer(label)
        if REFUSAL.search(text):
            return Answer(None, REFUSED)
        parts = [part.strip(WRAPPING + ".") for part in re.split(r",|/|;|\n|\bor\b|\band\b", bare)]
        if len(parts) > 1 and all(_fold(part) in self._labels for part in parts):
            return Answer(None, TWO_LABELS)
        return Answer(None, NO_LABEL if text[0] in "{[" else UNKNOWN_LABEL)


def read_texts(content: str, count: int) -> list[str]:
    """Return at most `count` texts out of an answer; of one that was cut off, those that are whole."""
    text = unwrap(content)
    start = text.find("[")
    found = [item.strip() for item in _strings(text, start + 1)] if start >= 0 else []
    return [item for item in found if item and is_encodable(item)][:count]


def unwrap(content: str) -> str:
    """Return `content` without the thoughts before it and the markdown fence around it."""
    text = THOUGHT.sub("", content).strip()
    if text.startswith("<think>"):
        return ""
    fenced = FENCE.match(text)
    return fenced[1].strip() if fenced else text


def is_encodable(text: str) -> bool:
    """Return whether `text` is free of lone surrogates, which no file and no request can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps repeated keys, of which a dict would silently keep the last."""


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs)


def _labels_in_json(text: str) -> Iterator[str]:
    position = text.find("{")
    for _ in range(JSON_ATTEMPTS):
        if position < 0:
            return
        try:
            pairs, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            for key, value in pairs:
                if key.strip().casefold() == "label":
                    yield from _as_texts(value)
        position = text.find("{", end)


def _as_texts(value: Any) -> Iterator[str]:
    if isinstance(value, list) and not isinstance(value, _Pairs):
        for item in value:
            yield from _as_texts(item)
    elif value is None:
        yield ""
    else:
        yield value if isinstance(value, str) else json.dumps(value)


def _strings(text: str, position: int) -> Iterator[str]:
    while position < len(text):
        if text[position] in " \t\r\n,":
            position += 1
            continue
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        if isinstance(value, _Pairs):
            value = dict(value).get("text")
        if isinstance(value, str):
            yield value


def _fold(label: str) -> str:
    return " ".join(unicodedata.normalize("NFC", label).casefold().split())
