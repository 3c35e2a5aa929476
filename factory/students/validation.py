"""Score logits on validation rows, and choose what validation rows choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example
from factory.recipe import Task

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)
Floats = NDArray[np.floating[Any]]


def score_validation(task: Task, truth: NDArray[np.bool_], logits: Floats) -> dict[str, Any]:
    """Return accuracy and macro-F1 of `logits` (rows, labels) on validation rows, and thresholds if labels combine.

    A label's threshold is the one of the highest F1, on validation rows; 0.5 without a row that has the label.
    """
    from sklearn.metrics import accuracy_score, f1_score

    if task.kind != "multi-label":
        true, best = truth.argmax(1), logits.argmax(1)
        scores = accuracy_score(true, best), f1_score(true, best, average="macro", zero_division=0)
        return dict(zip(("accuracy", "macro_f1"), (round(float(score), 6) for score in scores), strict=True))
    probabilities = 1 / (1 + np.exp(-logits))
    thresholds = [_best_threshold(truth[:, place], probabilities[:, place]) for place in range(truth.shape[1])]
    said = probabilities >= thresholds
    return {
        "accuracy": round(float((truth == said).all(axis=1).mean()), 6),
        "macro_f1": round(float(f1_score(truth, said, average="macro", zero_division=0)), 6),
        "thresholds": dict(zip(task.names, thresholds, strict=True)),
    }


def mean_loss(task: Task, truth: NDArray[np.bool_], logits: Floats) -> float:
    """Return the cross-entropy of a validation row: of its label, or of a multi-label task of each label by itself."""
    if task.kind == "multi-label":
        losses = np.logaddexp(0, np.where(truth, -logits, logits))
    else:
        losses = np.logaddexp.reduce(logits, axis=1) - logits[truth]
    return round(float(losses.mean()), 6)


def as_truth(rows: Sequence[Example], task: Task) -> NDArray[np.bool_]:
    """Return which labels each row has, of shape (rows, labels)."""
    return np.array([[name in row.given_labels for name in task.names] for row in rows])


def _best_threshold(truth: NDArray[np.bool_], probabilities: Floats) -> float:
    """Return the threshold of the highest F1; of equals, the nearest to a half."""
    if not truth.any():
        return 0.5
    said = probabilities[None] >= THRESHOLDS[:, None]
    f1 = 2 * (said & truth).sum(1) / (said.sum(1) + truth.sum())
    return float(min(THRESHOLDS, key=lambda threshold: (-f1[threshold == THRESHOLDS][0], abs(threshold - 0.5))))
