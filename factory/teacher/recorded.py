"""A teacher whose answers were paid for earlier and lie in files."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from factory.data.examples import Example, Text, parts_of
from factory.errors import TeacherError
from factory.recipe import Generate, Task
from factory.store import hash_file
from factory.teacher import Answer, Usage
from factory.teacher.answers import TWO_ANSWERS, TWO_LABELS, is_encodable
from factory.teacher.json_lines import iter_json_lines

UNANSWERED = "unanswered"
Row = tuple[str, dict[str, Any]]  # "file:line", and what is written there


class Recordings:
    """Answers out of `labels.jsonl` (texts and their labels) and `texts.jsonl` (texts written for a label).

    A text, or a pair of them, is found again by its characters alone, after NFC and with runs of blanks taken for one;
    one that was never asked about is unanswered, and one that was answered in two ways has no label.
    """

    def __init__(self, folder: Path, model: str = "recorded") -> None:
        self.folder = folder
        self.name = model
        self.usage = Usage()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The contents of both files."""
        files = [self.folder / name for name in ("labels.jsonl", "texts.jsonl")]
        return {"recorded": {file.name: hash_file(file) for file in files if file.is_file()}}

    def label(self, texts: Sequence[Text], task: Task) -> list[Answer]:
        """Return the recorded answers; raises TeacherError with file:line for one that cannot be used."""
        answers: dict[tuple[str, ...], Answer] = {}
        for place, row in _read_rows(self.folder / "labels.jsonl"):
            key, answer = _key(_read_content(place, row, task)), _read_answer(place, row, task)
            known = answers.setdefault(key, answer)
            if (known.label, known.labels) != (answer.label, answer.labels):
                answers[key] = Answer(None, TWO_ANSWERS if task.kind == "multi-label" else TWO_LABELS)
        return [answers.get(_key(text), Answer(None, UNANSWERED)) for text in texts]

    def write(self, task: Task, generate: Generate) -> list[Example]:
        """Return at most `generate.rows` of the recorded texts, as evenly among the labels as they allow.

        Raises TeacherError with file:line for a text whose label is not in the set.
        """
        rows: dict[str, list[tuple[int, Example]]] = defaultdict(list)
        for number, (place, row) in enumerate(_read_rows(self.folder / "texts.jsonl")):
            label = _check_label(place, row.get("label"), task.names)
            others = {key: value for key, value in row.items() if key not in ("text", "label") and value is not None}
            attributes = {key: _as_text(value) for key, value in others.items()}
            example = Example(row["text"], asked_for=label, source="generated", attributes=attributes)
            rows[label].append((number, example))
        in_turn = chain.from_iterable(zip_longest(*(rows[label] for label in task.names)))
        chosen = islice((pair for pair in in_turn if pair is not None), generate.rows)
        return [example for _, example in sorted(chosen, key=lambda pair: pair[0])]


def _read_rows(path: Path) -> Iterator[Row]:
    remedy = "a recorded teacher needs this file, with a JSON object on every line"
    for place, row in iter_json_lines(path, TeacherError, remedy):
        text = row.get("text") if isinstance(row, dict) else None
        if not isinstance(text, str) or not text.strip() or not is_encodable(text):
            raise TeacherError(f"{place}: has no `text`; write {{'text': ..., 'label': ...}} on every line")
        yield place, row


def _read_content(place: str, row: dict[str, Any], task: Task) -> Text:
    if task.kind != "pair":
        return str(row["text"])
    second = row.get("text_pair")
    if not isinstance(second, str) or not second.strip() or not is_encodable(second):
        raise TeacherError(f"{place}: has no `text_pair`; write {{'text': ..., 'text_pair': ..., 'label': ...}}")
    return row["text"], second


def _read_answer(place: str, row: dict[str, Any], task: Task) -> Answer:
    is_multi, labels = task.kind == "multi-label", task.names
    given = row.get("labels", row.get("label")) if is_multi else row.get("label")
    if given is None:
        return Answer(None, str(row.get("reason") or UNANSWERED))
    label = None if is_multi else _check_label(place, given, labels)
    several = _check_labels(place, given, labels) if is_multi else None
    confidence, probabilities = row.get("confidence"), row.get("probabilities")
    if confidence is not None and not _is_share(confidence):
        raise TeacherError(f"{place}: confidence {confidence!r} is not between 0 and 1; correct or remove it")
    if probabilities is not None:
        probabilities = _check_probabilities(place, probabilities, labels)
    return Answer(label, None, None if confidence is None else float(confidence), probabilities, several)


def _check_label(place: str, label: Any, labels: list[str]) -> str:
    if label not in labels:
        known = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
        raise TeacherError(f"{place}: label {label!r} is not in the recipe's set ({known}); correct either of them")
    return str(label)


def _check_labels(place: str, given: Any, labels: list[str]) -> tuple[str, ...]:
    found = {_check_label(place, label, labels) for label in (given if isinstance(given, list) else [given])}
    return tuple(label for label in labels if label in found)


def _check_probabilities(place: str, probabilities: Any, labels: list[str]) -> dict[str, float]:
    if not isinstance(probabilities, dict) or not all(map(_is_share, probabilities.values())):
        raise TeacherError(f"{place}: probabilities are not numbers between 0 and 1 by label; correct or remove them")
    for label in probabilities:
        _check_label(place, label, labels)
    return {label: float(probability) for label, probability in probabilities.items()}


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _key(text: Text) -> tuple[str, ...]:
    return tuple(" ".join(unicodedata.normalize("NFC", part).split()) for part in parts_of(text))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
