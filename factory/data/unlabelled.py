"""Texts without a label of the teacher's, from which a student may still learn what a larger student says of them."""

from __future__ import annotations

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
    texts = [with_any_label(row) for row in rows if (row.reason or "").startswith(NO_LABEL)]
    known = read_examples(kept.path / "kept.jsonl")
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    found, _ = sift(texts, trusted, filter, language)
    taken = {row.id for row in known}
    write_examples(out / "unlabelled.jsonl", (replace(row, label=None) for row in found if row.id not in taken))


def with_any_label(row: Example) -> Example:
    """Return the text alone with a stand-in for a label, so that its lack is no reason to remove it again."""
    return Example(row.text, "any", text_pair=row.text_pair, source=row.source)
