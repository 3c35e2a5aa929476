"""The metrics of the reports as `evaluate.Metric` classes that need no Hub, and what a mean hides: each label alone.

Importing this module imports `evaluate`, which takes seconds: stages import it when they run. `evaluate.load` would
fetch code by name; these carry the same names and need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

import evaluate
import numpy as np
from datasets import Features, List, Value
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

CITATION = "Pedregosa et al. Scikit-learn: Machine Learning in Python. JMLR 12, 2011."
INPUTS = "predictions and references: lists of equal length of class numbers; multilabel: of a 0 or 1 for each label"
MULTILABEL = "multilabel"  # the name that the metrics of the Hub give this configuration
Bits = NDArray[np.int64]


class Accuracy(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """The share of rows whose label, or whose whole set of labels, is right."""

    def _info(self) -> Any:
        return _describe("The share of rows whose label (or set of labels) is right, from 0 to 1.", self.config_name)

    def _compute(self, predictions: Sequence[Any], references: Sequence[Any]) -> dict[str, float]:
        return {"accuracy": float(accuracy_score(references, predictions))}


class F1(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """The harmonic mean of precision and recall: the mean over labels (macro), or over all decisions (micro)."""

    def _info(self) -> Any:
        return _describe("F1 of the labels that occur, averaged without weights, from 0 to 1.", self.config_name)

    def _compute(
        self, predictions: Sequence[Any], references: Sequence[Any], average: str = "macro"
    ) -> dict[str, float]:
        occurring = None
        if self.config_name == MULTILABEL:
            occurring = np.flatnonzero((np.asarray(predictions) + np.asarray(references)).any(axis=0))
            if not len(occurring):
                return {"f1": 0.0}
        return {"f1": float(f1_score(references, predictions, labels=occurring, average=average, zero_division=0))}


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
    return {
        "accuracy": _compute(Accuracy, truth, predicted),
        "macro_f1": _compute(F1, truth, predicted),
        "matthews_correlation": _compute(MatthewsCorrelation, truth, predicted),
    }


def compute_set_metrics(truth: Bits, predicted: Bits) -> dict[str, float]:
    """Return accuracy (exact match), macro_f1 and micro_f1 of label sets, 0 and 1 in arrays (rows, labels)."""
    rows = truth.tolist(), predicted.tolist()
    return {
        "accuracy": _compute(Accuracy, *rows, config=MULTILABEL),
        "macro_f1": _compute(F1, *rows, config=MULTILABEL),
        "micro_f1": _compute(F1, *rows, config=MULTILABEL, average="micro"),
    }


def describe_labels(truth: Sequence[str], predicted: Sequence[str], labels: list[str]) -> dict[str, Any]:
    """Return `per_label` {label: precision, recall, f1, support} and `confusion`, rows true and columns predicted."""
    table = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    confusion = confusion_matrix(truth, predicted, labels=labels).tolist()
    return {"per_label": _name_rows(table, labels), "confusion": confusion}


def describe_set_labels(truth: Bits, predicted: Bits, labels: list[str]) -> dict[str, Any]:
    """Return `per_label` {label: precision, recall, f1, support} of label sets, each label a yes or no by itself."""
    table = precision_recall_fscore_support(truth, predicted, average=None, zero_division=0)
    return {"per_label": _name_rows(table, labels)}


def _name_rows(table: Any, labels: list[str]) -> dict[str, dict[str, float]]:
    names = ("precision", "recall", "f1")
    return {
        label: {
            **{name: round(float(value), 6) for name, value in zip(names, row, strict=True)},
            "support": int(count),
        }
        for label, *row, count in zip(labels, *table, strict=True)
    }


def _compute(
    metric: Any, truth: Sequence[Any], predicted: Sequence[Any], config: str = "default", **kind: str
) -> float:
    with TemporaryDirectory() as folder:  # evaluate makes folders even for what it keeps in memory
        measured = metric(config_name=config, keep_in_memory=True, cache_dir=folder)
        (value,) = measured.compute(predictions=predicted, references=truth, **kind).values()
    return round(float(value), 6)


def _describe(description: str, config: str = "default") -> Any:
    row = List(Value("int64")) if config == MULTILABEL else Value("int64")
    return evaluate.MetricInfo(
        description=description,
        citation=CITATION,
        inputs_description=INPUTS,
        features=Features({"predictions": row, "references": row}),
    )
