"""Read labels, or written texts, out of what the teacher said: tolerant of packaging, never of meaning.

A markdown fence, other case, a trailing dot or prose around one JSON object is packaging. A label outside the set, two
labels where one was asked for, a refusal or a cut-off answer has no label, and the reason is kept instead; nothing is
ever guessed. Where all labels that apply were asked for, one outside the set spoils the whole answer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from factory.recipe import Task
from factory.teacher import Answer

CUT_OFF = "cut off"
EMPTY = "empty answer"
FILTERED = "filtered by the provider"
NO_LABEL = "JSON without a label"
REFUSED = "refused"
TWO_ANSWERS = "two answers"
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


class Reader(Protocol):
    """Knows the labels of a task, and what of them was asked for."""

    def read(self, content: str) -> Answer:
        """Return the answer that `content` gives, or the reason why it gives none."""
        ...


def open_reader(task: Task) -> Reader:
    """Return who reads answers to the task: one label, or all that apply."""
    return LabelsReader(task.names) if task.kind == "multi-label" else LabelReader(task.names)


class LabelReader:
    """Knows the labels of a task and reads one of them out of an answer."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = {_fold(label): label for label in labels}

    def read(self, content: str) -> Answer:
        """Return the label that `content` gives, or the reason why it gives none."""
        text = unwrap(content)
        if not text:
            return _without_text(content)
        values = [item for value in _values_in_json(text, "label") for item in _as_texts(value)]
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


class LabelsReader:
    """Knows the labels of a task and reads all that apply out of an answer, which may be none of them."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._names = list(labels)
        self._labels = {_fold(label): label for label in labels}

    def read(self, content: str) -> Answer:
        """Return the labels that `content` gives, or the reason why it cannot be used."""
        text = unwrap(content)
        if not text:
            return _without_text(content)
        values = list(_values_in_json(text, "labels", "label"))
        if not values:
            return self._read_bare(text)
        first, *others = [self._choose(list(_as_texts(value))) for value in values]
        return first if all(other == first for other in others) else Answer(None, TWO_ANSWERS)

    def _choose(self, values: list[str]) -> Answer:
        found = {self._labels.get(_fold(value)) for value in values}
        if None in found:
            return Answer(None, UNKNOWN_LABEL if any(values) else EMPTY)
        return Answer(None, labels=tuple(name for name in self._names if name in found))

    def _read_bare(self, text: str) -> Answer:
        if text[0] == "[" and isinstance(values := _parse(text), list):
            return self._choose(list(_as_texts(values)))
        bare = text.strip(WRAPPING)
        parts = [part.strip(WRAPPING + "-.") for part in re.split(r",|;|\n", bare)]
        for attempt in ([bare], [bare.rstrip(".!")], parts):
            if all(_fold(part) in self._labels for part in attempt):
                return self._choose(attempt)
        if REFUSAL.search(text):
            return Answer(None, REFUSED)
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


def _without_text(content: str) -> Answer:
    return Answer(None, CUT_OFF if content.lstrip().startswith("<think>") else EMPTY)


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def _values_in_json(text: str, *keys: str) -> Iterator[Any]:
    position = text.find("{")
    for _ in range(JSON_ATTEMPTS):
        if position < 0:
            return
        try:
            pairs, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield from (value for key, value in pairs if key.strip().casefold() in keys)
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
