"""Count what a dataset holds, for its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from factory.data.diversity import describe_diversity
from factory.data.examples import Example, parts_of


def describe_examples(splits: Mapping[str, Sequence[Example]], rejected: Sequence[Example] = ()) -> dict[str, Any]:
    """Return counts of the rows in `splits`, and of those that the filters removed.

    `rows`, `labels` {label: rows}, `splits` {split: {"rows", "labels"}}, `words` {"min", "median", "max"} of the
    texts split at blanks, the two of a pair together (None without rows), `sources` {source: rows}, `removed`
    {reason: rows}, `agreement` {"rows", "agreed"}: of the rows written for a label and answered, removed ones
    included, those that got that label; and `diversity` of the rows in `splits`. A multi-label row counts for each of
    its labels, and `none_applies` counts the rows that have none; other tasks do not have that key.
    """
    rows = [row for part in splits.values() for row in part]
    described = {
        "rows": len(rows),
        "labels": _count_labels(rows),
        "splits": {name: {"rows": len(part), "labels": _count_labels(part)} for name, part in splits.items()},
        "words": _describe_lengths(rows),
        "sources": _count(row.source for row in rows),
        "removed": _count(row.reason for row in rejected),
        "agreement": _describe_agreement([*rows, *rejected]),
        "diversity": describe_diversity(rows),
    }
    if any(row.labels is not None for row in rows):
        described["none_applies"] = sum(row.labels == () for row in rows)
    return described


def _count_labels(rows: Sequence[Example]) -> dict[str, int]:
    return _count(label for row in rows for label in row.given_labels)


def _count(values: Any) -> dict[str, int]:
    counts = Counter(str(value) for value in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _describe_lengths(rows: Sequence[Example]) -> dict[str, float] | None:
    lengths = [sum(len(text.split()) for text in parts_of(row.content)) for row in rows]
    return {"min": min(lengths), "median": median(lengths), "max": max(lengths)} if lengths else None


def _describe_agreement(rows: Sequence[Example]) -> dict[str, int] | None:
    asked = [row.is_as_asked for row in rows if row.is_as_asked is not None]
    return {"rows": len(asked), "agreed": sum(asked)} if asked else None
