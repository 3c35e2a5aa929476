"""What the audit of labels finds where the truth is known.

    python -m benchmarks.audit DATA BASE_MODEL

DATA has a folder for each task with train.parquet and test.parquet (text, label) and what a language model called the
texts of train.parquet, teacher_labels.jsonl. Labels are exchanged for others at random, 5, 10 and 20 % of them; the
teacher's labels are audited as they are. benchmarks/results/audit gets results.json and table.md; without arguments
nothing is measured, and the table is written again from the results there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from factory.data.audit import judge_labels
from factory.data.examples import Example
from factory.data.noise import SUSPICIOUS, judge_rows
from factory.evaluation.markdown import table
from factory.recipe import Task
from factory.recipe_students import Head
from factory.students import head, regression
from factory.students.embedding import embed_rows
from factory.students.lesson import Lesson
from factory.students.unseen import STUDENT, label_unseen, share_out

TASKS = ("gwsd_climate_stance", "agnews", "banking77")
ROWS, GOLD_ROWS, FOLDS = 1_000, 1_000, 5
FOLDER = Path("benchmarks/results/audit")
RATES = (0.0, 0.05, 0.1, 0.2)
HEAD = [
    "task", "labels", "rows", "wrong (%)", "estimate (%)", "off", "flagged", "precision", "expected", "recall",
    "confident learning (%)", "gold, all rows", "gold, flagged dropped",
]  # fmt: skip
Json = dict[str, Any]


def measure_task(data: Path, base: Path) -> Iterator[Json]:
    """Yield what the audit finds at every rate of exchanged labels, and in the teacher's labels."""
    train, test = (pq.read_table(data / f"{part}.parquet").to_pylist() for part in ("train", "test"))
    with (data / "teacher_labels.jsonl").open(encoding="utf-8") as lines:
        said = {row["text"]: row["label"] for row in map(json.loads, lines)}
    names = sorted({row["label"] for row in train})
    task = Task(text="text", question="label?", labels={name: name for name in names})
    truth = [Example(row["text"], row["label"]) for row in {row["text"]: row for row in train}.values()]
    truth = sorted(truth, key=lambda row: row.id)
    gold = sorted((Example(row["text"], row["label"]) for row in test), key=lambda row: row.id)[:GOLD_ROWS]
    chosen, answered = truth[:ROWS], [row for row in truth if row.text in said]
    reader = Head(name="audit", method="head", base_model=base.name)
    everything = list({row.id: row for row in [*chosen, *answered, *gold]}.values())
    vectors = dict(zip((row.id for row in everything), embed_rows(everything, task, reader, base), strict=True))
    labelled = [(f"{rate:.0%} exchanged", exchange(chosen, names, rate), chosen) for rate in RATES]
    labelled.append(("the teacher's", [replace(row, label=said[row.text]) for row in answered], answered))
    for what, rows, true in labelled:
        yield measure(what, rows, true, gold, vectors, task) | {"task": data.name}


def measure(
    what: str, rows: Sequence[Example], truth: Sequence[Example], gold: Sequence[Example], vectors: Json, task: Task
) -> Json:
    """Return how near the audit of `rows` comes to `truth`, and what a student of the rows it leaves scores."""
    features = np.stack([vectors[row.id] for row in rows])
    logits = label_unseen(rows, features, task, FOLDS)
    noise = judge_labels(logits, rows, task)
    wrong = np.array([row.label != other.label for row, other in zip(rows, truth, strict=True)])
    flagged = noise.chances > SUSPICIOUS
    scores = [score(rows, kept, gold, vectors, task) for kept in (np.ones(len(rows), bool), ~flagged)]
    return {
        "labels": what,
        "rows": len(rows),
        "wrong": float(wrong.mean()),
        "estimate": noise.rate,
        "flagged": int(flagged.sum()),
        "precision": float(wrong[flagged].mean()) if flagged.any() else None,
        "expected_precision": float(noise.chances[flagged].mean()) if flagged.any() else None,
        "recall": float(flagged[wrong].mean()) if wrong.any() else None,
        "confident_learning": count_confident(logits, noise.given),
        "gold": dict(zip(("all", "dropped"), scores, strict=True)),
    }


def exchange(rows: Sequence[Example], names: list[str], rate: float) -> list[Example]:
    """Return the rows with a share of their labels exchanged for another, any of them alike."""
    dice = np.random.default_rng(1)
    chosen = set(dice.permutation(len(rows))[: round(rate * len(rows))].tolist())
    steps = dice.integers(1, len(names), len(rows)).tolist()
    other = [names[(names.index(str(row.label)) + step) % len(names)] for row, step in zip(rows, steps, strict=True)]
    return [replace(row, label=other[place]) if place in chosen else row for place, row in enumerate(rows)]


def count_confident(logits: Any, given: Any) -> float:
    """Return the share of wrong labels by the confident joint (Northcutt et al. 2021), for comparison."""
    _, likely = judge_rows(logits, given, rate=0, sharpness=1)
    labels = range(likely.shape[1])
    bounds = np.array([likely[given == label, label].mean() if (given == label).any() else 2 for label in labels])
    sure = np.where(likely >= bounds, likely, -1)
    counted = sure.max(axis=1) >= 0
    joint = np.zeros((len(bounds), len(bounds)))
    np.add.at(joint, (given[counted], sure.argmax(axis=1)[counted]), 1)
    joint *= (np.bincount(given, minlength=len(bounds)) / np.maximum(joint.sum(axis=1), 1))[:, None]
    return float(1 - np.trace(joint) / joint.sum())


def score(rows: Sequence[Example], kept: Any, gold: Sequence[Example], vectors: Json, task: Task) -> float:
    """Return the accuracy on gold of a head that learns the rows `kept`."""
    learnt = [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]
    features = np.stack([vectors[row.id] for row in learnt])
    part = share_out(learnt, 5) == 0
    chosen = [row for row, is_there in zip(learnt, part, strict=True) if is_there]
    rest = [row for row, is_there in zip(learnt, part, strict=True) if not is_there]
    lesson = Lesson(rest, chosen, task, STUDENT, Path())
    penalty = regression.search_penalty(lesson, features[~part], features[part], head.PENALTIES)["penalty"]
    weights, biases = regression.fit_regression(Lesson(learnt, (), task, STUDENT, Path()), features, penalty)
    said = (np.stack([vectors[row.id] for row in gold]) @ weights.T + biases).argmax(axis=1)
    return float(np.mean([task.names[place] == row.label for place, row in zip(said, gold, strict=True)]))


def render(found: Sequence[Json]) -> str:
    """Return the page: a row for each set of labels."""
    rows = [
        [
            line["task"], line["labels"], f"{line['rows']:,}", percent(line["wrong"]),
            f"{percent(line['estimate']['value'])} [{percent(line['estimate']['low'])}, "
            f"{percent(line['estimate']['high'])}]",
            f"{100 * (line['estimate']['value'] - line['wrong']):+.1f}", str(line["flagged"]),
            share(line["precision"]), share(line["expected_precision"]), share(line["recall"]),
            percent(line["confident_learning"]), percent(line["gold"]["all"]), percent(line["gold"]["dropped"]),
        ]
        for line in found
    ]  # fmt: skip
    return (
        "# Audit of labels whose truth is known\n\n"
        f"Written by `python -m benchmarks.audit`. {FOLDS} folds of logistic regression on the mean of the tokens of "
        "a frozen base model; `expected` is the precision that the audit itself claims; `gold` is the accuracy of a "
        "head trained on all rows, and on those not flagged.\n\n" + table(HEAD, rows, "ll" + "r" * (len(HEAD) - 2))
    ) + "\n"


def percent(value: float) -> str:
    """Return a share in per cent."""
    return f"{100 * value:.1f}"


def share(value: float | None) -> str:
    """Return a share with two digits, or a dash."""
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    if sys.argv[1:]:
        source, model = map(Path, sys.argv[1:])
        results: list[Json] = []
        for name in TASKS:
            for line in measure_task(source / name, model):
                results.append(line)
                print(json.dumps(line), flush=True)
        (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    (FOLDER / "table.md").write_text(render(written), encoding="utf-8")
