"""Count what a dataset holds, for its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from factory.data.examples import Example


def describe_examples(splits: Mapping[str, Sequence[Example]], rejected: Sequence[Example] = ()) -> dict[str, Any]:
    """Return counts of the rows in `splits`, and of those that the filters removed.

    `rows`, `labels` {label: rows}, `splits` {split: {"rows", "labels"}}, `words` {"min", "median", "max"} of the
    texts split at blanks (None without rows), `sources` {source: rows}, `removed` {reason: rows}, and `agreement`
    {"rows", "agreed"}: of the rows written for a label and answered, removed ones included, those that got that label.
    """
    rows = [row for part in splits.values() for row in part]
    return {
        "rows": len(rows),
        "labels": _count(row.label for row in rows),
        "splits": {
            name: {"rows": len(part), "labels": _count(row.label for row in part)} for name, part in splits.items()
        },
        "words": _describe_lengths(rows),
        "sources": _count(row.source for row in rows),
        "removed": _count(row.reason for row in rejected),
        "agreement": _describe_agreement([*rows, *rejected]),
    }


def _count(values: Any) -> dict[str, int]:
    counts = Counter(str(value) for value in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _describe_lengths(rows: Sequence[Example]) -> dict[str, float] | None:
    lengths = [len(row.text.split()) for row in rows]
    return {"min": min(lengths), "median": median(lengths), "max": max(lengths)} if lengths else None


def _describe_agreement(rows: Sequence[Example]) -> dict[str, int] | None:
    asked = [row for row in rows if row.asked_for is not None and row.label is not None]
    return {"rows": len(asked), "agreed": sum(row.asked_for == row.label for row in asked)} if asked else None
