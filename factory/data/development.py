"""A part of gold that says where a student errs: only the scores of the rounds themselves are measured on it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from factory.data.examples import Text, example_id, read_examples, write_examples
from factory.errors import DataError
from factory.store import Artifact

Part = Literal["development", "reported"]


def part_gold(gold: Artifact, share: float, part: Part, *, out: Path) -> None:
    """Write `gold.jsonl`: the rows of `gold` that are set aside for development, or those that are reported on.

    A text belongs to one of them by its content alone: other gold rows do not move it. Raises DataError when there is
    none.
    """
    rows = read_examples(gold.path / "gold.jsonl")
    chosen = [row for row in rows if is_development(row.content, share) is (part == "development")]
    if not chosen:
        other = "reported on" if part == "development" else "set aside"
        raise DataError(f"all {len(rows)} gold rows are {other}, none is left; add gold or change improve.development")
    write_examples(out / "gold.jsonl", chosen)


def is_development(text: Text, share: float) -> bool:
    """Return whether a gold text is among the `share` that is set aside."""
    digest = hashlib.sha256(f"development {example_id(text)}".encode()).hexdigest()
    return int(digest[:15], 16) < share * 16**15
