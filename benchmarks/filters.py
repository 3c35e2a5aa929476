"""The filters on 100,000 rows with 2,000 gold texts: a few repeat others with a word changed, a few quote gold.

The peer reads every word of every row once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.measure import cpu_seconds, show
from factory.data.examples import Example
from factory.data.filtering import sift
from factory.recipe import Filter

ROWS, REPEATS, QUOTES, GOLD_ROWS, WORDS = 100_000, 5_000, 1_000, 2_000, 20_000
GOAL_SECONDS = 60


def run() -> None:
    """Print the CPU time of all filters for texts of the user's own and for generated ones, and what they found."""
    rows, gold = make_rows(random.Random(0))
    written = [replace(row, source="generated", asked_for=row.label) for row in rows]
    plain = cpu_seconds(lambda: [set(row.text.casefold().split()) for row in rows], rounds=1)
    removed: list[Example] = []
    taken = cpu_seconds(lambda: removed.extend(sift(rows, gold, Filter(), "en")[1]), rounds=1)
    keep = Filter(faults="keep", personal_data="keep", near_duplicate=1)
    bare = cpu_seconds(lambda: sift(rows, gold, keep, "en"), rounds=1)
    faults = cpu_seconds(lambda: sift(written[: ROWS // 10], gold, Filter(), "en"), rounds=1)
    found = Counter(row.reason for row in removed)
    show(
        ("reading the words, CPU (peer)", f"{plain:.1f} s"),
        (f"{ROWS:,} rows of the user's own (goal {GOAL_SECONDS} s)", f"{taken:.1f} s = {taken / plain:.1f} x peer"),
        ("the same without near duplicates and personal data", f"{bare:.1f} s = {bare / plain:.1f} x peer"),
        (f"{ROWS // 10:,} generated rows", f"{faults:.1f} s = {10 * faults / plain:.1f} x peer a row"),
        ("repeats found", f"{found['near duplicate']:,} of {REPEATS:,}"),
        ("quotes of gold found", f"{found['shares 13 words in a row with gold']:,} of {QUOTES:,}"),
    )


def make_rows(dice: random.Random) -> tuple[list[Example], list[Example]]:
    """Return rows and gold: chance texts of 10 to 60 words, then repeats and quotes of them."""
    words = [f"word{number}" for number in range(WORDS)]
    gold = [dice.choices(words, k=30) for _ in range(GOLD_ROWS)]
    texts = [dice.choices(words, k=dice.randint(10, 60)) for _ in range(ROWS - REPEATS - QUOTES)]
    long = [text for text in texts if len(text) >= 30]
    repeats = [_change_word(dice.choice(long), dice) for _ in range(REPEATS)]
    quotes = [dice.choices(words, k=10) + dice.choice(gold)[:15] for _ in range(QUOTES)]
    rows = [Example(" ".join(text), label="a") for text in [*texts, *repeats, *quotes]]
    return rows, [Example(" ".join(text), label="a") for text in gold]


def _change_word(text: Sequence[str], dice: random.Random) -> list[str]:
    place = dice.randrange(len(text))
    return [*text[:place], "other", *text[place + 1 :]]
