"""The metrics of the reports as `evaluate.Metric` classes that need no Hub, and what a mean hides: each label alone.

Importing this module imports `evaluate`, which takes seconds: stages import it when they run. `evaluate.load` would
fetch code by name; these carry the same names and need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

import evaluate
from datasets import Features, Value
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

CITATION = "Pedregosa et al. Scikit-learn: Machine Learning in Python. JMLR 12, 2011."
INPUTS = "predictions and references: lists of class numbers of equal length"


class Accuracy(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """The share of rows whose label is right."""

    def _info(self) -> Any:
        return _describe("The share of rows whose label is right, from 0 to 1.")

    def _compute(self, predictions: Sequence[int], references: Sequence[int]) -> dict[str, float]:
        return {"accuracy": float(accuracy_score(references, predictions))}


class F1(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """The mean over labels of the harmonic mean of precision and recall."""

    def _info(self) -> Any:
        return _describe("F1 of each label that occurs, averaged without weights, from 0 to 1.")

    def _compute(self, predictions: Sequence[int], references: Sequence[int]) -> dict[str, float]:
        return {"f1": float(f1_score(references, predictions, average="macro", zero_division=0))}


class MatthewsCorrelation(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """The correlation of predictions with truth, which a frequent label cannot inflate."""

    def _info(self) -> Any:
        return _describe("Correlation of predicted with true labels, from -1 to 1.")

    def _compute(self, predictions: Sequence[int], references: Sequence[int]) -> dict[str, float]:
        if len({*references, *predictions}) == 1:  # undefined; scikit-learn says 0, and warns
            return {"matthews_correlation": 0.0}
        return {"matthews_correlation": float(matthews_corrcoef(references, predictions))}


def compute_metrics(truth: Sequence[int], predicted: Sequence[int]) -> dict[str, float]:
    """Return accuracy, macro_f1 and matthews_correlation of class numbers."""
    metrics: dict[str, Any] = {"accuracy": Accuracy, "macro_f1": F1, "matthews_correlation": MatthewsCorrelation}
    found = {}
    with TemporaryDirectory() as folder:  # evaluate makes folders even for what it keeps in memory
        for name, metric in metrics.items():
            computed = metric(keep_in_memory=True, cache_dir=folder).compute(predictions=predicted, references=truth)
            (found[name],) = (round(value, 6) for value in computed.values())
    return found


def describe_labels(truth: Sequence[str], predicted: Sequence[str], labels: list[str]) -> dict[str, Any]:
    """Return `per_label` {label: precision, recall, f1, support} and `confusion`, rows true and columns predicted."""
    table = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    per_label = {
        label: {name: round(float(value), 6) for name, value in zip(names, row, strict=True)}
        for label, row in zip(labels, zip(*table, strict=True), strict=True)
    }
    for row in per_label.values():
        row["support"] = int(row["support"])
    return {"per_label": per_label, "confusion": confusion_matrix(truth, predicted, labels=labels).tolist()}


def _describe(description: str) -> Any:
    features = Features({"predictions": Value("int64"), "references": Value("int64")})
    return evaluate.MetricInfo(
        description=description, citation=CITATION, inputs_description=INPUTS, features=features
    )
