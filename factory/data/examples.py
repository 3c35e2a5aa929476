"""The row type that travels from the teacher to the students, and its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Example:
    """One text and what is known of its label.

    `label` is None while nobody has answered; `reason` then says why, and after filtering why a row was removed.
    `probabilities` is the teacher's distribution over the labels, `confidence` its own number between 0 and 1.
    """

    text: str
    label: str | None = None
    asked_for: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    source: str = "texts"  # texts | generated | gold
    attributes: dict[str, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def id(self) -> str:
        """Sixteen hex digits that depend on the text alone."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def read_examples(path: Path) -> list[Example]:
    """Return the rows of a JSONL file written by `write_examples`."""
    with path.open(encoding="utf-8") as lines:
        return [Example(**json.loads(line)) for line in lines]


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write one JSON object a line; equal rows give equal bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False, sort_keys=True) + "\n")
