"""What aiming brings over as many random texts, where the answers of a teacher have been recorded.

    python -m benchmarks.improve BASE_MODEL RECIPE...

Each recipe has `texts`, `gold` and a recorded teacher; only texts that the teacher answered take part. A cheap student
begins with 100 random texts and gets 100 more in each of three rounds: those that it is least sure of, as `improve`
chooses them, or random ones. It is scored on all gold rows, over several random starts, reading by words and with the
base model in the folder BASE_MODEL. benchmarks/results/improve gets results.json and table.md; without arguments
nothing is measured, and the table is written again from the results there.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from factory.data.examples import Example
from factory.data.gold import iter_contents, iter_gold
from factory.evaluation.markdown import table
from factory.improving.proxy import Proxy, Reader, decide, find_penalty, measure_margins, read_features
from factory.recipe import Recipe
from factory.recipe_students import Head
from factory.store import Artifact
from factory.students.unseen import share_out
from factory.teacher.opening import open_teacher

FOLDER = Path("benchmarks/results/improve")
START, ROWS, ROUNDS, STARTS = 100, 100, 3, 5
HEAD = ["task", "read", "way", *(f"{START + ROWS * number} rows" for number in range(ROUNDS + 1))]
WAYS = ("aimed", "random")
Json = dict[str, Any]


class Trial:
    """The texts and gold of one recipe, as one reader sees them."""

    def __init__(self, recipe: Recipe, reader: Reader) -> None:
        self.recipe, self.reader = recipe, reader
        self.texts, self.gold = list(read_answered(recipe)), list(read_gold(recipe))
        rows = [*self.texts, *self.gold]
        self.vectors = read_features([rows], reader, recipe.task)[0] if reader["base"] else None

    def climb(self, start: Sequence[int], way: str, dice: random.Random) -> list[float]:
        """Return the score at the start and after each round, of a student of the texts at these places and more."""
        learned, scores = list(start), list[float]()
        for _ in range(ROUNDS + 1):
            waiting = [place for place in range(len(self.texts)) if place not in set(learned)]
            on_gold, on_waiting = self._read(learned, waiting)
            said = zip(self.gold, decide(on_gold, self.recipe.task), strict=True)
            scores.append(mean(row.label == label for row, label in said))
            margins = dict(zip(waiting, measure_margins(on_waiting, self.recipe.task), strict=True))
            chosen = sorted(waiting, key=margins.__getitem__) if way == "aimed" else dice.sample(waiting, ROWS)
            learned += chosen[:ROWS]
        return scores

    def _read(self, learned: Sequence[int], waiting: Sequence[int]) -> tuple[Any, Any]:
        """Return the logits of a student of the texts `learned`, of gold and of the texts `waiting`."""
        places = self._with_validation_last(learned)
        rows, others = ([self.texts[place] for place in some] for some in (places, waiting))
        train = round(len(rows) * 0.8)
        if self.vectors is None:
            learnt, gold, rest = read_features([rows, self.gold, others], self.reader, self.recipe.task)
        else:
            learnt, rest = self.vectors[places], self.vectors[list(waiting)]
            gold = self.vectors[len(self.texts) :]
        penalty = find_penalty(rows[:train], rows[train:], learnt, self.recipe.task)
        proxy = Proxy(rows, learnt, self.recipe.task, penalty)
        return proxy.read(gold), proxy.read(rest)

    def _with_validation_last(self, learned: Sequence[int]) -> list[int]:
        fold_of = share_out([self.texts[place] for place in learned], 5)
        return [learned[place] for place in sorted(range(len(learned)), key=lambda place: fold_of[place])]


def measure(recipe: Recipe, base: Path) -> Iterator[Json]:
    """Yield the learning curve of both ways from each start, by each reader."""
    head = Reader(base=Artifact(base, base.name), settings=Head(name="proxy", method="head", base_model=base.name))
    for read, reader in {"words": Reader(base=None, settings=None), base.name: head}.items():
        trial = Trial(recipe, reader)
        for seed in range(STARTS):
            start = random.Random(seed).sample(range(len(trial.texts)), START)
            curves = {way: trial.climb(start, way, random.Random(f"{way} {seed}")) for way in WAYS}
            yield {"task": recipe.name, "texts": len(trial.texts), "read": read, "seed": seed, **curves}


def read_answered(recipe: Recipe) -> Iterator[Example]:
    """Yield the texts that the teacher answered, each once and with its label."""
    if recipe.texts is None:
        return
    texts = list(dict.fromkeys(iter_contents(recipe.find(str(recipe.texts.file)), recipe.texts, recipe.task.kind)))
    settings, folder = recipe.all_teachers[0], recipe.path.parent
    teacher = open_teacher(settings, recipe=recipe.name, budget=recipe.budget, ledger=Path(), folder=folder)
    for text, answer in zip(texts, teacher.label(texts, recipe.task), strict=True):
        if answer.label and isinstance(text, str):
            yield Example(text, answer.label)


def read_gold(recipe: Recipe) -> Iterator[Example]:
    """Yield the gold rows."""
    if recipe.gold:
        yield from iter_gold(recipe.find(str(recipe.gold.file)), recipe.gold, recipe.task.kind, recipe.task.names)


def render(found: Sequence[Json]) -> str:
    """Return the page: for each task and reader both ways, and how they differ start by start."""
    rows = []
    for task, read in dict.fromkeys((line["task"], line["read"]) for line in found):
        lines = [line for line in found if (line["task"], line["read"]) == (task, read)]
        curves = {way: np.array([line[way] for line in lines]) for way in WAYS}
        for way in WAYS:
            rows.append([task, read, way, *(f"{100 * score:.1f}" for score in curves[way].mean(axis=0))])
        rows.append([task, read, "aimed - random", *map(describe, (curves["aimed"] - curves["random"]).T)])
    return (
        "# Texts chosen where a student is unsure, and as many at random\n\n"
        f"Written by `python -m benchmarks.improve`. Accuracy on gold in per cent, mean of {STARTS} random starts; "
        f"logistic regression on what was read. The last row of each block: the mean difference in points, the "
        f"smallest and the largest of the {STARTS}, and in how many of them aiming did better.\n\n"
        + table(HEAD, rows, "lll" + "r" * (len(HEAD) - 3))
        + "\n"
    )


def describe(differences: Any) -> str:
    """Return mean, smallest and largest difference in points, and how many are above zero."""
    points = [100 * float(difference) for difference in differences]
    if not any(points):
        return "-"
    better = sum(point > 0 for point in points)
    return f"{mean(points):+.1f} [{min(points):+.1f}, {max(points):+.1f}], {better}/{len(points)}"


if __name__ == "__main__":
    if sys.argv[1:]:
        model, *paths = sys.argv[1:]
        FOLDER.mkdir(parents=True, exist_ok=True)
        results: list[Json] = []
        for path in paths:
            for line in measure(Recipe.read(path), Path(model)):
                results.append(line)
                (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    (FOLDER / "table.md").write_text(render(written), encoding="utf-8")
