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

from factory.data.examples import Example, read_examples
from factory.evaluation.intervals import bootstrap_difference, bootstrap_scores, bootstrap_share
from factory.evaluation.prediction import Predictions, predict
from factory.evaluation.report import name_base_model
from factory.recipe import Student, Task
from factory.store import Artifact

DOLLARS_PER_CORE_HOUR = 0.05  # what clouds ask for a shared core in 2026, rounded up; every report names it
Score = dict[str, Any]


def evaluate_student(
    trained: Artifact,
    weights: Artifact | None,
    format: str,
    splits: Artifact,
    gold: Artifact | None,
    answers: Artifact | None,
    task: Task,
    student: Student,
    *,
    out: Path,
) -> None:
    """Write `report.json`, an entry of "students", and `predictions.jsonl`: gold rows, then held-out rows.

    `weights` holds the one ONNX file to measure; None means the safetensors of `trained`. `answers` are the teacher's
    on the gold rows.
    """
    trusted, held_out = _read_gold(gold), read_examples(splits.path / "held_out.jsonl")
    said = read_examples(answers.path / "examples.jsonl") if answers else []
    model = trained.path / "model"
    file = next(weights.path.glob("*.onnx")) if weights else model / "model.safetensors"
    texts = [row.text for row in [*trusted, *held_out]]
    found = predict(model, file if weights else None, texts)
    entry = {
        "name": student.name,
        "method": student.method,
        "format": format,
        "base_model": name_base_model(student.base_model),
        "parameters": json.loads((trained.path / "training.json").read_text(encoding="utf-8"))["parameters"],
        "bytes": file.stat().st_size,
        **score_student(found, trusted, held_out, said, task.names),
    }
    write_json(out / "report.json", entry)
    write_predictions(out / "predictions.jsonl", texts, found)


def score_teacher(gold: Artifact, answers: Artifact, task: Task, *, out: Path) -> None:
    """Write `report.json`: the teacher's score on the gold rows that it answered, or null when it answered none."""
    pairs = [
        (row.label or "", answer.label)
        for row, answer in zip(_read_gold(gold), read_examples(answers.path / "examples.jsonl"), strict=True)
        if answer.label is not None
    ]
    truth, said = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    write_json(out / "report.json", score_labels(truth, said, task.names) if pairs else None)


def score_student(
    found: Predictions,
    gold: Sequence[Example],
    held_out: Sequence[Example],
    answers: Sequence[Example],
    labels: list[str],
) -> Score:
    """Return what is measured of one file: `found` holds what it said of the gold rows and then the held-out rows."""
    on_gold, on_held_out = found.labels[: len(gold)], found.labels[len(gold) :]
    scores = found.scores[: len(gold)] or found.scores
    return {
        "gold": score_labels([row.label or "" for row in gold], on_gold, labels) if gold else None,
        "agreement": score_agreement(held_out, on_held_out),
        "against_teacher": _compare(gold, on_gold, answers) if answers else None,
        "mean_score": round(sum(scores) / len(scores), 4),
        **_describe_speed(found),
    }


def score_labels(truth: Sequence[str], predicted: Sequence[str], labels: list[str]) -> Score:
    """Return rows, accuracy, macro_f1, matthews_correlation (value, low, high), per_label and confusion."""
    from factory.evaluation.metrics import compute_metrics, describe_labels

    true, said = [labels.index(label) for label in truth], [labels.index(label) for label in predicted]
    intervals = bootstrap_scores(true, said, len(labels))
    values = compute_metrics(true, said)
    scores = {name: {**intervals[name], "value": value} for name, value in values.items()}
    return {"rows": len(true), **scores, **describe_labels(truth, predicted, labels)}


def score_agreement(held_out: Sequence[Example], predicted: Sequence[str]) -> Score:
    """Return the share of held-out rows that get the label the teacher gave them: value, low, high and rows."""
    hits = [row.label == label for row, label in zip(held_out, predicted, strict=True)]
    return {**bootstrap_share(hits), "rows": len(hits)}


def write_json(path: Path, value: Any) -> None:
    """Write a document that people may read too."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_gold(gold: Artifact | None) -> list[Example]:
    return read_examples(gold.path / "gold.jsonl") if gold else []


def _compare(trusted: Sequence[Example], predicted: Sequence[str], answers: Sequence[Example]) -> Score | None:
    """Return the difference in accuracy, student minus teacher, on the gold rows that the teacher answered."""
    rows = [
        (label == row.label, answer.label == row.label)
        for row, label, answer in zip(trusted, predicted, answers, strict=True)
        if answer.label is not None
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


def write_predictions(path: Path, texts: Iterable[str], found: Predictions) -> None:
    """Write text, label and score, a JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for text, label, score in zip(texts, found.labels, found.scores, strict=True):
            file.write(json.dumps({"text": text, "label": label, "score": score}, ensure_ascii=False) + "\n")
