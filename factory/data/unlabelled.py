"""Texts without a label of the teacher's, from which a student may still learn what a larger student says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from factory.data.examples import Example, read_examples, write_examples
from factory.data.filtering import sift
from factory.recipe import Filter
from factory.store import Artifact

NO_LABEL = ("unanswered", "disagreement")  # reasons that speak against a row's label, not against its text


def select_unlabelled(kept: Artifact, gold: Artifact | None, filter: Filter, language: str, *, out: Path) -> None:
    """Write `unlabelled.jsonl`: rows removed for want of a label, where their texts pass every filter of texts."""
    rows = read_examples(kept.path / "rejected.jsonl")
    texts = (row for row in rows if (row.reason or "").startswith(NO_LABEL))
    taken = {row.id for row in read_examples(kept.path / "kept.jsonl")}
    write_examples(out / "unlabelled.jsonl", sift_texts(texts, taken, gold, filter, language))


def sift_texts(
    rows: Iterable[Example], taken: Collection[str], gold: Artifact | None, filter: Filter, language: str
) -> Iterator[Example]:
    """Yield the texts of `rows`, without labels, that pass every filter of texts and whose id is not `taken`."""
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    found, _ = sift(map(_with_any_label, rows), trusted, filter, language)
    yield from (replace(row, label=None) for row in found if row.id not in taken)


def _with_any_label(row: Example) -> Example:
    """Return the text alone with a stand-in for a label, so that its lack is no reason to remove it again."""
    return Example(row.text, "any", text_pair=row.text_pair, source=row.source)
