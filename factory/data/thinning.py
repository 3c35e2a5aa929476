"""Fewer rows to learn from, for a learning curve."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from factory.data.examples import Example, read_examples, write_examples
from factory.store import Artifact

THINNED = ("train", "validation")


def thin_splits(splits: Artifact, share: float, *, out: Path) -> None:
    """Write the splits with `share` of the rows of each label to learn from; held-out rows stay as they are.

    Rows lie in an order that their content gives, and the first of each label are taken: what a smaller share has, a
    larger one has too. No label is lost.
    """
    for part in THINNED:
        write_examples(out / f"{part}.jsonl", _take(read_examples(splits.path / f"{part}.jsonl"), share))
    write_examples(out / "held_out.jsonl", read_examples(splits.path / "held_out.jsonl"))


def _take(rows: Sequence[Example], share: float) -> Iterator[Example]:
    wanted = {answer: math.ceil(count * share) for answer, count in Counter(row.answer for row in rows).items()}
    for row in rows:
        if wanted[row.answer]:
            wanted[row.answer] -= 1
            yield row
