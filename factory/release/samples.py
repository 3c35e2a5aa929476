"""Rows to show to people: short ones, on one line, a label each, never those that trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, islice, zip_longest

from factory.data.examples import Example

MAX_CHARACTERS = 200


def choose_samples(rows: Sequence[Example], labels: list[str], count: int) -> list[Example]:
    """Return up to `count` rows, one of each label in turn; rows that do not print as one line come last."""
    by_label: dict[str | None, list[Example]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (not is_presentable(row.text), row.id)):
        by_label[row.label].append(row)
    turns = zip_longest(*(by_label[label] for label in labels))
    return list(islice((row for row in chain.from_iterable(turns) if row), count))


def is_presentable(text: str) -> bool:
    """Whether a text is one short printable line."""
    return text.isprintable() and 20 <= len(text) <= MAX_CHARACTERS
