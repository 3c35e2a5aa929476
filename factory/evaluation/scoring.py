"""Measure a published file of a student, and the teacher, on gold and on held-out rows.

Gold is the only ground for accuracy. Held-out rows carry the teacher's labels: they tell how far a student agrees with
its teacher. Neither has trained a student or chosen its best epoch.

`texts_per_second` is the one number that another run would not repeat to the byte. It is a measurement like any
other: taken once, when the stage runs, rounded to two digits, kept with the artifact, and published as it was taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.data.committee import read_votes
from factory.data.examples import Example, read_examples
from factory.evaluation.intervals import (
    bootstrap_difference,
    bootstrap_scores,
    bootstrap_set_scores,
    bootstrap_share,
)
from factory.evaluation.prediction import Answer, Predictions, predict
from factory.evaluation.report import name_base_model
from factory.recipe import Task
from factory.store import Artifact, version

DOLLARS_PER_CORE_HOUR = 0.05  # what clouds ask for a shared core in 2026, rounded up; every report names it
Score = dict[str, Any]


def evaluate_student(
    trained: Artifact,
    weights: Artifact | None,
    format: str,
    reference: Artifact | None,
    splits: Artifact,
    gold: Artifact | None,
    answers: Artifact | None,
    task: Task,
    name: str,
    bound: float,
    *,
    out: Path,
) -> None:
    """Write `report.json`, an entry of "students", and `predictions.jsonl`: gold rows, then held-out rows.

    `weights` holds the one ONNX file to measure; None means the safetensors of `trained`. A student that has no such
    file gets the report null. `answers` are the teacher's on the gold rows. `reference` is the evaluation of the
    safetensors, for a compressed file: one whose accuracy on gold is more than `bound` points lower is withheld.
    """
    model = trained.path / "model"
    file = next(weights.path.glob("*.onnx"), None) if weights else model / "model.safetensors"
    if file is None:
        write_json(out / "report.json", None)
        return
    trusted, held_out = _read_gold(gold), read_examples(splits.path / "held_out.jsonl")
    said = read_examples(answers.path / "examples.jsonl") if answers else []
    rows = [*trusted, *held_out]
    found = predict(model, file if weights else None, rows)
    entry = {
        **_describe(trained, name, format),
        "bytes": file.stat().st_size,
        **score_student(found, trusted, held_out, said, task),
    }
    if reference:
        entry |= compare_with_reference(reference, found, entry["gold"], bound)
    write_json(out / "report.json", entry)
    write_predictions(out / "predictions.jsonl", rows, found)


@version(2)
def score_teacher(gold: Artifact, answers: Artifact, task: Task, *, out: Path) -> None:
    """Write `report.json`: the teacher's score on the gold rows that it answered, or null when it answered none.

    Where several teachers voted, it is what they say together, and `teachers.json` has the same of each by itself.
    """
    write_json(out / "report.json", _score_pairs(pair_answers(gold, answers), task))
    truth, votes = trusted_answers(_read_gold(gold)), list(read_votes(answers))
    if votes:
        each = [list(zip(truth, said, strict=True)) for said in zip(*votes, strict=True)]
        answered = [[pair for pair in pairs if pair[1] is not None] for pairs in each]
        write_json(out / "teachers.json", [_score_pairs(pairs, task) for pairs in answered])


def _score_pairs(pairs: Sequence[tuple[Answer, Answer]], task: Task) -> Score | None:
    return score_answers([pair[0] for pair in pairs], [pair[1] for pair in pairs], task) if pairs else None


def pair_answers(gold: Artifact, answers: Artifact) -> list[tuple[Answer, Answer]]:
    """Return what gold and the teacher say of each gold row that it answered."""
    return [
        (row.answer, answer.answer)
        for row, answer in zip(_read_gold(gold), read_examples(answers.path / "examples.jsonl"), strict=True)
        if row.answer is not None and answer.answer is not None
    ]


def score_student(
    found: Predictions, gold: Sequence[Example], held_out: Sequence[Example], answers: Sequence[Example], task: Task
) -> Score:
    """Return what is measured of one file: `found` holds what it said of the gold rows and then the held-out rows.

    `mean_score` is that of the most likely label; a multi-label task has none.
    """
    on_gold, on_held_out = found.answers[: len(gold)], found.answers[len(gold) :]
    scores = [score for score in found.scores[: len(gold)] or found.scores if isinstance(score, float)]
    return {
        "gold": score_answers(trusted_answers(gold), on_gold, task) if gold else None,
        "agreement": score_agreement(held_out, on_held_out),
        "against_teacher": _compare(gold, on_gold, answers) if answers else None,
        "mean_score": round(sum(scores) / len(scores), 4) if scores else None,
        **_describe_speed(found),
    }


def score_answers(truth: Sequence[Answer], predicted: Sequence[Answer], task: Task) -> Score:
    """Return rows, the task's metrics (each with value, low, high), per_label and, for single labels, confusion.

    The metrics are accuracy, macro_f1 and matthews_correlation; for label sets accuracy, which is then the share of
    exact matches, macro_f1 and micro_f1.
    """
    from factory.evaluation import metrics

    if task.kind == "multi-label":
        sets = _as_bits(truth, task.names), _as_bits(predicted, task.names)
        intervals, values = bootstrap_set_scores(*sets), metrics.compute_set_metrics(*sets)
        labels = metrics.describe_set_labels(*sets, task.names)
    else:
        true, said = [str(label) for label in truth], [str(label) for label in predicted]
        numbers = [task.names.index(label) for label in true], [task.names.index(label) for label in said]
        intervals, values = bootstrap_scores(*numbers, len(task.names)), metrics.compute_metrics(*numbers)
        labels = metrics.describe_labels(true, said, task.names)
    scores = {name: {**intervals[name], "value": value} for name, value in values.items()}
    return {"rows": len(truth), **scores, **labels}


def score_agreement(held_out: Sequence[Example], predicted: Sequence[Answer]) -> Score:
    """Return the share of held-out rows that get the answer the teacher gave them: value, low, high and rows."""
    hits = [row.answer == answer for row, answer in zip(held_out, predicted, strict=True)]
    return {**bootstrap_share(hits), "rows": len(hits)}


def compare_with_reference(reference: Artifact, found: Predictions, gold: Score | None, bound: float) -> Score:
    """Return `agreement_with_fp32`, with gold `gold_drop` in points, and `withheld`, why, where that is too much."""
    theirs = [row["answer"] for row in read_predictions(reference)]
    hits = [ours == answer for ours, answer in zip(found.answers, theirs, strict=True)]
    compared: Score = {"agreement_with_fp32": {**bootstrap_share(hits), "rows": len(hits)}}
    if not gold:
        return compared
    before = json.loads((reference.path / "report.json").read_text(encoding="utf-8"))["gold"]["accuracy"]["value"]
    after = gold["accuracy"]["value"]
    compared["gold_drop"] = drop = round(100 * (before - after), 4)
    if drop > bound:
        measure = "its accuracy is" if "matthews_correlation" in gold else "its exact matches are"
        compared["withheld"] = (
            f"on {gold['rows']:,} gold rows {measure} {100 * after:.1f} % against {100 * before:.1f} % of the "
            f"safetensors, {drop:.2f} points less; the recipe allows {bound:g}"
        )
    return compared


def trusted_answers(gold: Sequence[Example]) -> list[Answer]:
    """Return the answers of gold rows, each of which has one."""
    return [row.answer for row in gold if row.answer is not None]


def write_json(path: Path, value: Any) -> None:
    """Write a document that people may read too."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_predictions(path: Path, rows: Iterable[Example], found: Predictions) -> None:
    """Write id, answer and score (of a multi-label task: of every label), a JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row, answer, score in zip(rows, found.answers, found.scores, strict=True):
            file.write(json.dumps({"id": row.id, "answer": answer, "score": score}, ensure_ascii=False) + "\n")


def read_predictions(report: Artifact) -> list[dict[str, Any]]:
    """Return the rows of `write_predictions`, of gold and then of held-out rows; label sets are tuples again."""
    with (report.path / "predictions.jsonl").open(encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [row | {"answer": tuple(row["answer"])} if isinstance(row["answer"], list) else row for row in rows]


def _read_gold(gold: Artifact | None) -> list[Example]:
    return read_examples(gold.path / "gold.jsonl") if gold else []


def _describe(trained: Artifact, name: str, format: str) -> Score:
    """Return how the student was made, out of the facts of its training."""
    facts = json.loads((trained.path / "training.json").read_text(encoding="utf-8"))
    base_model = facts["student"].get("base_model")
    return {
        "name": name,
        "method": facts["student"]["method"],
        "format": format,
        **({"base_model": name_base_model(base_model)} if base_model else {}),
        "parameters": facts["parameters"],
    }


def _as_bits(answers: Sequence[Answer], labels: list[str]) -> NDArray[np.int64]:
    """Return label sets as an array of 0 and 1, of shape (rows, labels)."""
    return np.array([[label in answer for label in labels] for answer in answers], dtype=np.int64)


def _compare(trusted: Sequence[Example], predicted: Sequence[Answer], answers: Sequence[Example]) -> Score | None:
    """Return the difference in accuracy, student minus teacher, on the gold rows that the teacher answered."""
    rows = [
        (said == row.answer, answer.answer == row.answer)
        for row, said, answer in zip(trusted, predicted, answers, strict=True)
        if answer.answer is not None
    ]
    if not rows:
        return None
    ours, theirs = zip(*rows, strict=True)
    return {**bootstrap_difference(ours, theirs), "rows": len(rows)}


def _describe_speed(found: Predictions) -> dict[str, float]:
    core_seconds = 1e6 / found.texts_per_second * found.cores
    return {
        "texts_per_second": found.texts_per_second,
        "cores": found.cores,
        "dollars_per_core_hour": DOLLARS_PER_CORE_HOUR,
        "dollars_per_million": float(f"{core_seconds / 3600 * DOLLARS_PER_CORE_HOUR:.2g}"),
    }
