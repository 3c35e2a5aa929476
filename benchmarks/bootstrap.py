"""Bootstrap intervals of accuracy and macro-F1, all draws at once, against one resample at a time."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.measure import cpu_seconds, show
from factory.evaluation.intervals import bootstrap_scores

ROWS, DRAWS, LABELS = 10_000, 2_000, 4
PLAIN_DRAWS = 20


def run() -> None:
    """Print the CPU time of the intervals, beside that of as many resamples scored by scikit-learn."""
    random = np.random.default_rng(0)
    truth = random.integers(0, LABELS, ROWS)
    predicted = np.where(random.random(ROWS) < 0.8, truth, random.integers(0, LABELS, ROWS))
    ours = cpu_seconds(lambda: bootstrap_scores(truth, predicted, LABELS, DRAWS))
    plain = cpu_seconds(lambda: _resample(truth, predicted), rounds=1) * DRAWS / PLAIN_DRAWS
    show(
        (
            f"{DRAWS:,} draws of {ROWS:,} rows, CPU",
            f"{ours * 1e3:.1f} ms = 1/{plain / ours:.0f} of one resample at a time",
        )
    )


def _resample(truth: np.ndarray, predicted: np.ndarray) -> None:
    random = np.random.default_rng(1)
    for _ in range(PLAIN_DRAWS):
        rows = random.integers(0, ROWS, ROWS)
        accuracy_score(truth[rows], predicted[rows])
        f1_score(truth[rows], predicted[rows], average="macro")
