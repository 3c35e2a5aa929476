"""The filters on 100,000 rows with 2,000 gold texts."""

from __future__ import annotations

import random

from benchmarks.measure import cpu_seconds, show
from factory.data.examples import Example
from factory.data.filtering import sift
from factory.recipe import Filter

ROWS, GOLD_ROWS, WORDS = 100_000, 2_000, 20_000


def run() -> None:
    """Print the CPU time of all filters, beside reading every word of every row once."""
    dice = random.Random(0)
    words = [f"word{number}" for number in range(WORDS)]
    rows = [Example(" ".join(dice.choices(words, k=dice.randint(10, 60))), label="a") for _ in range(ROWS)]
    gold = [Example(" ".join(dice.choices(words, k=30))) for _ in range(GOLD_ROWS)]
    plain = cpu_seconds(lambda: [set(row.text.casefold().split()) for row in rows], rounds=1)
    taken = cpu_seconds(lambda: sift(rows, gold, Filter()), rounds=1)
    show((f"{ROWS:,} rows, CPU", f"{taken:.1f} s = {taken / plain:.1f} x splitting their words"))
