"""The row type that travels from the teacher to the students, and its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

Text = str | tuple[str, str]  # what is labelled: one text, or the two of a pair
SEPARATOR = "\x1f"  # between the two texts of a pair: ASCII has it for that, and texts do not


@dataclass(frozen=True)
class Example:
    """One text, or a pair of them, and what is known of its label.

    `label` is None while nobody has answered; `reason` then says why, and after filtering why a row was removed. In a
    multi-label task `labels` takes its place: all that apply, in the task's order, and () where none does.
    `probabilities` is the teacher's distribution over the labels, or in a multi-label task the probability of each;
    `confidence` is its own number between 0 and 1.
    """

    text: str
    label: str | None = None
    asked_for: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    source: str = "texts"  # texts | generated | gold
    attributes: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    text_pair: str | None = None
    labels: tuple[str, ...] | None = None

    @property
    def id(self) -> str:
        """Sixteen hex digits that depend on the text, or both texts of a pair, alone."""
        return example_id(self.content)

    @property
    def content(self) -> Text:
        """What is labelled: the text, or both texts of a pair."""
        return self.text if self.text_pair is None else (self.text, self.text_pair)

    @property
    def answer(self) -> str | tuple[str, ...] | None:
        """The label, or all labels of a multi-label row; None while nobody has answered."""
        return self.label if self.labels is None else self.labels

    @property
    def given_labels(self) -> tuple[str, ...]:
        """The labels that the row has, whatever the kind of its task."""
        if self.labels is not None:
            return self.labels
        return () if self.label is None else (self.label,)

    @property
    def is_as_asked(self) -> bool | None:
        """Whether the label asked for was given; None where none was asked for or nobody has answered."""
        return None if self.asked_for is None or self.answer is None else self.asked_for in self.given_labels


def example_id(text: Text) -> str:
    """Return sixteen hex digits that depend on `text` alone."""
    return hashlib.sha256(SEPARATOR.join(parts_of(text)).encode()).hexdigest()[:16]


def parts_of(text: Text) -> tuple[str, ...]:
    """Return the one text in a tuple, or the two of a pair."""
    return (text,) if isinstance(text, str) else text


def is_blank(text: Text) -> bool:
    """Return whether there is nothing to label: no text, or one of a pair that is missing."""
    return not all(part.strip() for part in parts_of(text))


def read_examples(path: Path) -> list[Example]:
    """Return the rows of a JSONL file written by `write_examples`."""
    with path.open(encoding="utf-8") as lines:
        return [_as_example(json.loads(line)) for line in lines]


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write one JSON object a line; equal rows give equal bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False, sort_keys=True) + "\n")


def _as_example(row: dict[str, object]) -> Example:
    labels = row.get("labels")
    return Example(**row | {"labels": tuple(labels) if isinstance(labels, list) else None})  # type: ignore[arg-type]
