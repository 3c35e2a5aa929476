"""How many labels are wrong, and which: a model of noise over what students say of rows that they have not seen.

A label either follows from the text, with the probability that the student gives it once calibrated (by one
temperature: Guo et al. 2017), or it was drawn blindly from the other labels, with a probability that is the same for
every row (label-noise robust regression: Bootkrajang and Kabán 2012). Temperature and noise are those of highest
likelihood. Counting confident disagreement (confident learning: Northcutt et al. 2021) takes a student's own mistakes
for noise: on climate sentences of which a student gets 68.5 % right it finds 32.5 % wrong where no label had been
exchanged (benchmarks/results/audit).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from factory.evaluation.intervals import Interval, interval_of

DRAWS = 200
RATES = np.concatenate(
    [np.arange(80) / 400, np.arange(20, 61) / 100]
)  # in quarters of a point, from 20 % on in points
SHARPNESSES = np.geomspace(0.25, 8, 21)  # what logits are multiplied with: an inverse temperature
SUSPICIOUS = 0.5  # chance from which on a label is more likely wrong than right
CHUNK_ROWS = 2_000
LEAST = 1e-12
LIKELY = 1.92  # log-likelihood below its maximum within which 95 of 100 truths lie
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Noise:
    """What is known of the labels `given`: the share that is wrong, and for each row what it would be instead.

    `chances` (rows) are probabilities that the label is wrong; `likely` (rows, labels) are those of each label, the
    text alone considered. `draws` are (rate, sharpness, weights of the rows) of the sample, then of each resample.
    """

    rate: Interval
    given: Numbers
    logits: Floats
    draws: list[tuple[float, float, Floats]]
    chances: Floats
    likely: Floats

    @property
    def probable(self) -> Numbers:
        """The most likely label of each row, other than that given."""
        others = self.likely.copy()
        others[np.arange(len(others)), self.given] = -1
        return np.asarray(others.argmax(axis=1))

    def pairs(self) -> Iterator[tuple[int, int, Interval]]:
        """Yield given label, true label, and the share of the rows of the first that would be of the second."""
        shares = np.stack(list(self._shares()))
        for given, true in zip(*np.nonzero(shares[0]), strict=True):
            yield int(given), int(true), interval_of(shares[:, given, true])

    def _shares(self) -> Iterator[Floats]:
        """Yield for each draw the shares (given, true) of rows that are wrong in that way."""
        belongs = np.eye(self.logits.shape[1])[self.given].T
        known: dict[tuple[float, float], Floats] = {}
        for rate, sharpness, weights in self.draws:
            if (rate, sharpness) not in known:
                judged = judge_rows(self.logits, self.given, rate, sharpness)
                known[rate, sharpness] = spread_chances(*judged, self.given)
            counted = belongs * weights
            yield (counted @ known[rate, sharpness]) / np.maximum(counted.sum(axis=1, keepdims=True), LEAST)


def estimate_noise(logits: Floats, given: Numbers, groups: Numbers | None = None) -> Noise:
    """Return how wrong the labels `given` (rows) are, by `logits` (rows, labels) of students that had not seen them.

    The interval (95 %) is over resamples of rows, or of `groups` (numbers from 0 on) where several rows stand or fall
    together, or wider. It does not cover that other students would have said something else.
    """
    weights = _draw(len(given), groups)
    likelihoods = np.zeros((len(weights), len(SHARPNESSES), len(RATES)))
    for start in range(0, len(given), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        for place, sharpness in enumerate(SHARPNESSES):
            supported = _support(logits[part], given[part], sharpness)
            likelihoods[:, place] += weights[:, part] @ np.log(_mix(supported, RATES, logits.shape[1]))
    best = likelihoods.reshape(len(weights), -1).argmax(axis=1)
    rates, sharpnesses = RATES[best % len(RATES)], SHARPNESSES[best // len(RATES)]
    draws = [(float(rate), float(at), row) for rate, at, row in zip(rates, sharpnesses, weights, strict=True)]
    judged = judge_rows(logits, given, *draws[0][:2])
    return Noise(_widen(interval_of(rates), likelihoods[0]), given, logits, draws, *judged)


def _widen(interval: Interval, likelihoods: Floats) -> Interval:
    """Let the interval hold what the likelihood of the sample cannot tell from its best either (Wilks 1938).

    Where no row contradicts, none does in a resample; that the rate is therefore zero would be too much to say.
    """
    profile = likelihoods.max(axis=0)
    likely = RATES[profile >= profile.max() - LIKELY]
    return {
        "value": interval["value"],
        "low": min(interval["low"], float(likely.min())),
        "high": max(interval["high"], float(likely.max())),
    }


def judge_rows(logits: Floats, given: Numbers, rate: float, sharpness: float) -> tuple[Floats, Floats]:
    """Return the chance (rows) that each label is wrong, and the probabilities (rows, labels) by the text alone."""
    scaled = sharpness * (logits - logits.max(axis=1, keepdims=True))
    likely = np.exp(scaled)
    likely /= likely.sum(axis=1, keepdims=True)
    supported = likely[np.arange(len(given)), given][:, None]
    blind = rate * (1 - supported[:, 0]) / (logits.shape[1] - 1)
    return blind / _mix(supported, np.array([rate]), logits.shape[1])[:, 0], likely


def spread_chances(chances: Floats, likely: Floats, given: Numbers) -> Floats:
    """Return the chances (rows, labels) that each label is the true one and the given one wrong."""
    others = likely.copy()
    others[np.arange(len(given)), given] = 0
    others /= np.maximum(others.sum(axis=1, keepdims=True), LEAST)
    return others * chances[:, None]


def _draw(rows: int, groups: Numbers | None) -> Floats:
    """Return how often each row counts: once in the sample itself (row 0), then as resamples have it."""
    count = rows if groups is None else int(groups.max()) + 1
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    weights = np.vstack([np.ones(count), drawn])
    return weights if groups is None else weights[:, groups]


def _support(logits: Floats, given: Numbers, sharpness: float) -> Floats:
    """Return the probability (rows, 1) of the given label, by the text alone."""
    above = sharpness * (logits - logits[np.arange(len(given)), given][:, None])
    return np.asarray(np.exp(-np.logaddexp.reduce(above, axis=1)))[:, None]


def _mix(supported: Floats, rates: Floats, labels: int) -> Floats:
    """Return the likelihood (rows, rates) of labels that the text supports so much."""
    return np.maximum((1 - rates) * supported + rates * (1 - supported) / (labels - 1), LEAST)
