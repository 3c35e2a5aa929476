"""How far a score could have been off with other rows of the same kind: the percentile bootstrap (Efron, 1979).

A resample of rows matters only through how often each (true, predicted) pair is drawn, and those counts are
multinomial. So a draw costs as much as there are different pairs, not as there are rows.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 2_000
PERCENTILES = (2.5, 97.5)
Interval = dict[str, float]
Floats = NDArray[np.float64]


def bootstrap_scores(truth: ArrayLike, predicted: ArrayLike, classes: int, draws: int = DRAWS) -> dict[str, Interval]:
    """Return accuracy, macro_f1 and matthews_correlation, each with value, low and high (95 %).

    `truth` and `predicted` are class numbers below `classes`, one a row. Macro-F1 is the mean over the classes that
    occur in either; a resample that lacks a class leaves it out. Equal rows in any order give equal numbers.
    """
    codes = np.asarray(truth, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    pairs, counts = np.unique(codes, return_counts=True)
    weights = _draw(pairs, counts, draws)
    scores = _score(weights, pairs // classes, pairs % classes, classes)
    return {name: interval_of(values) for name, values in scores.items()}


def compare_scores(
    truth: ArrayLike, ours: ArrayLike, theirs: ArrayLike, classes: int, draws: int = DRAWS
) -> dict[str, dict[str, float]]:
    """Return how the scores of `ours` differ from those of `theirs` on the same rows, which are drawn in pairs.

    Each of the scores of `bootstrap_scores` has difference, low, high (95 %) and a two-sided p.
    """
    columns = np.stack([np.asarray(given, dtype=np.int64) for given in (truth, ours, theirs)], axis=1)
    kinds, counts = np.unique(columns, axis=0, return_counts=True)
    weights = _draw(kinds, counts, draws)
    scores = [_score(weights, kinds[:, 0], kinds[:, column], classes) for column in (1, 2)]
    return {name: difference_of(values - scores[1][name]) for name, values in scores[0].items()}


def compare_set_scores(
    truth: ArrayLike, ours: ArrayLike, theirs: ArrayLike, draws: int = DRAWS
) -> dict[str, dict[str, float]]:
    """Return how the scores of label sets differ, each of `bootstrap_set_scores`; as `compare_scores`."""
    bits = np.hstack([np.asarray(given, dtype=np.int64) for given in (truth, ours, theirs)])
    kinds, counts = np.unique(bits, axis=0, return_counts=True)
    weights = _draw(kinds, counts, draws)
    actual, *guessed = np.hsplit(kinds.astype(np.float64), 3)
    scores = [_score_sets(weights, actual, one) for one in guessed]
    return {name: difference_of(values - scores[1][name]) for name, values in scores[0].items()}


def bootstrap_set_scores(truth: ArrayLike, predicted: ArrayLike, draws: int = DRAWS) -> dict[str, Interval]:
    """Return accuracy (exact match), macro_f1 and micro_f1 of label sets, each with value, low and high (95 %).

    `truth` and `predicted` are of shape (rows, labels), 1 where a label applies. Macro-F1 is the mean over the labels
    that occur in either, each a yes or no by itself; it is 0 where none occurs.
    """
    bits = np.hstack([np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)])
    kinds, counts = np.unique(bits, axis=0, return_counts=True)
    weights = _draw(kinds, counts, draws)
    actual, guessed = np.hsplit(kinds.astype(np.float64), 2)
    return {name: interval_of(values) for name, values in _score_sets(weights, actual, guessed).items()}


def bootstrap_share(hits: ArrayLike, draws: int = DRAWS) -> Interval:
    """Return the share of true values in `hits` with low and high (95 %)."""
    values, counts = np.unique(np.asarray(hits, dtype=np.int64), return_counts=True)
    weights = _draw(values, counts, draws)
    return interval_of(weights @ values / counts.sum())


def bootstrap_ratio(part: ArrayLike, whole: ArrayLike, draws: int = DRAWS) -> Interval:
    """Return the sum of `part` by the sum of `whole`, both one a row, with low and high (95 %); of ones, the mean."""
    parts, wholes = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    weights = _draw(np.arange(len(parts)), np.ones(len(parts), dtype=np.int64), draws)
    return interval_of((weights @ parts) / (weights @ wholes))


def bootstrap_difference(ours: ArrayLike, theirs: ArrayLike, draws: int = DRAWS) -> dict[str, float]:
    """Return difference, low, high and p for two sets of hits on the same rows; rows are drawn in pairs.

    `p` is two-sided: twice the smaller share of draws on either side of zero, draws at zero counting for both.
    """
    steps = np.asarray(ours, dtype=np.int64) - np.asarray(theirs, dtype=np.int64)
    values, counts = np.unique(steps, return_counts=True)
    return difference_of(_draw(values, counts, draws) @ values / counts.sum())


def interval_of(values: Floats) -> Interval:
    """Return value, low and high (95 %) of a score: the sample's own first, then one a draw."""
    low, high = np.percentile(values[1:], PERCENTILES)
    return {"value": round(float(values[0]), 6), "low": round(float(low), 6), "high": round(float(high), 6)}


def difference_of(values: Floats) -> dict[str, float]:
    """Return difference, low, high and p of differences: the sample's own first, then one a draw."""
    interval = interval_of(values)
    beyond = min((values[1:] <= 0).sum(), (values[1:] >= 0).sum())
    p = min(1.0, 2 * (int(beyond) + 1) / len(values))
    return {"difference": interval["value"], "low": interval["low"], "high": interval["high"], "p": round(p, 4)}


def _draw(kinds: NDArray[np.int64], counts: NDArray[np.int64], draws: int) -> Floats:
    """Return how often each kind of row occurs: in the sample itself (row 0), then in each resample."""
    seed = hashlib.sha256(kinds.tobytes() + counts.tobytes()).hexdigest()
    rows = int(counts.sum())
    resamples = np.random.default_rng(int(seed, 16)).multinomial(rows, counts / rows, size=draws)
    return np.vstack([counts, resamples]).astype(np.float64)


def _score(weights: Floats, truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> dict[str, Floats]:
    is_right = truth == predicted
    hits = weights[:, is_right] @ _indicator(truth[is_right], classes)
    actual, guessed = weights @ _indicator(truth, classes), weights @ _indicator(predicted, classes)
    rows, right = weights.sum(axis=1), hits.sum(axis=1)
    either = actual + guessed
    spread = np.sqrt((rows**2 - (actual**2).sum(axis=1)) * (rows**2 - (guessed**2).sum(axis=1)))
    covariance = right * rows - (actual * guessed).sum(axis=1)
    return {
        "accuracy": right / rows,
        "macro_f1": _share(2 * hits, either).sum(axis=1) / (either > 0).sum(axis=1),
        "matthews_correlation": _share(covariance, spread),
    }


def _score_sets(weights: Floats, actual: Floats, guessed: Floats) -> dict[str, Floats]:
    hits, either = weights @ (actual * guessed), weights @ (actual + guessed)
    return {
        "accuracy": weights @ (actual == guessed).all(axis=1) / weights.sum(axis=1),
        "macro_f1": _share(2 * hits, either).sum(axis=1) / np.maximum((either > 0).sum(axis=1), 1),
        "micro_f1": _share(2 * hits.sum(axis=1), either.sum(axis=1)),
    }


def _share(part: Floats, whole: Floats) -> Floats:
    """Return part by whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _indicator(numbers: NDArray[np.int64], classes: int) -> Floats:
    return np.eye(classes, dtype=np.float64)[numbers]
