"""Rows to show to people: short ones, on one line, a label each, never those that trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, islice, zip_longest

from factory.data.examples import Example, parts_of

MAX_CHARACTERS = 200


def choose_samples(rows: Sequence[Example], labels: list[str], count: int) -> list[Example]:
    """Return up to `count` rows, one of each label in turn; rows that do not print as one line come last.

    A row of several labels stands for its first.
    """
    by_label: dict[str | None, list[Example]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (not is_presentable(row), row.id)):
        by_label[next(iter(row.given_labels), None)].append(row)
    turns = zip_longest(*(by_label[label] for label in (*labels, None)))
    return list(islice((row for row in chain.from_iterable(turns) if row), count))


def is_presentable(row: Example) -> bool:
    """Whether a text, or each of a pair, is one short printable line."""
    texts = parts_of(row.content)
    return all(text.isprintable() and len(text) <= MAX_CHARACTERS for text in texts) and sum(map(len, texts)) >= 20
