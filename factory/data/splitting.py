"""Share rows out to training, validation and held-out measurement."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from factory.data.examples import Example, read_examples, write_examples
from factory.errors import DataError
from factory.recipe import Split
from factory.store import Artifact

PARTS = ("train", "validation", "held_out")
MIN_ROWS_PER_LABEL = len(PARTS)


def split_examples(kept: Artifact, split: Split, labels: list[str], *, out: Path) -> None:
    """Write `train.jsonl`, `validation.jsonl` and `held_out.jsonl`.

    Raises DataError, with what the filters removed, when a label has too few rows to be in all three, or when no row
    of it came into one of them, which can happen where labels occur together.
    """
    rows = read_examples(kept.path / "kept.jsonl")
    _check_labels(rows, labels, kept.path / "counts.json")
    parts = share_out(rows, split)
    _check_parts(parts, labels)
    for part, chosen in parts.items():
        write_examples(out / f"{part}.jsonl", chosen)


def share_out(rows: Iterable[Example], split: Split) -> dict[str, list[Example]]:
    """Return the rows of each part, stratified by label; a row with several counts for the rarest of them.

    Rows of a label are ranked by a hash of text and seed: held-out rows come from one end, validation from the other.
    So the order of rows does not matter, and a new row moves at most two others (in a multi-label task a few more, if
    it makes another label the rarest one). Rows to which no label applies are a stratum of their own.
    """
    ranked_rows = sorted(rows, key=lambda row: _rank(row, split.seed))
    counts = _count_labels(ranked_rows)
    by_label: dict[str | None, list[Example]] = defaultdict(list)
    for row in ranked_rows:
        rarest = min(row.given_labels, key=lambda label: (counts[label], label), default=None)
        by_label[rarest].append(row)
    parts: dict[str, list[Example]] = {part: [] for part in PARTS}
    for ranked in by_label.values():
        held_out, validation = _sizes(len(ranked), split)
        parts["held_out"] += ranked[:held_out]
        parts["train"] += ranked[held_out : len(ranked) - validation]
        parts["validation"] += ranked[len(ranked) - validation :]
    return {part: sorted(chosen, key=lambda row: _rank(row, split.seed)) for part, chosen in parts.items()}


def _check_labels(rows: Sequence[Example], labels: list[str], counts_file: Path) -> None:
    counts = _count_labels(rows)
    scarce = [f"{label!r} has {counts[label]}" for label in labels if counts[label] < MIN_ROWS_PER_LABEL]
    if scarce:
        removed = json.loads(counts_file.read_text(encoding="utf-8"))["removed"]
        because = ", ".join(f"{reason}: {count}" for reason, count in removed.items()) or "nothing"
        raise DataError(
            f"each label needs {MIN_ROWS_PER_LABEL} rows that pass the filters, but {', '.join(scarce)} (removed were "
            f"{because}); add texts of that kind, relax `filter`, or take the label out of the task"
        )


def _check_parts(parts: Mapping[str, Sequence[Example]], labels: list[str]) -> None:
    counts = {part: _count_labels(rows) for part, rows in parts.items()}
    missing = [f"{label!r} in {part}" for label in labels for part in PARTS if not counts[part][label]]
    if missing:
        raise DataError(
            f"each label needs a row in every part, but there is none of {', '.join(missing)}, as its rows go where "
            "rarer labels of theirs go; add texts of that kind, or try another `split.seed`"
        )


def _count_labels(rows: Iterable[Example]) -> Counter[str]:
    return Counter(label for row in rows for label in row.given_labels)


def _rank(row: Example, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {row.id}".encode()).digest()


def _sizes(rows: int, split: Split) -> tuple[int, int]:
    """Return how many of a label's rows are held out and how many validate; one always trains."""
    held_out = max(round(rows * split.held_out), 1) if rows >= MIN_ROWS_PER_LABEL else 0
    return held_out, min(max(round(rows * split.validation), 1), rows - held_out - 1)
