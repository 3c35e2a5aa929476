"""One answer out of several: samples of one teacher (self-consistency, Wang et al. 2023), or several teachers.

An answer without a label is no vote. Where the most votes are shared there is no label: a tie is not broken by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from factory.teacher import Answer

TIED = "tied vote"


def count_votes(answers: Sequence[Answer], names: Sequence[str], tied: str = TIED) -> Answer:
    """Return the label that most of `answers` give, or no label and the reason: `tied`, or why nobody gave one.

    `probabilities` is the mean of what those who gave a label say: their probabilities where they have some, else all
    weight on their label. `confidence` is the share of all `answers`, also those without a label, that agree with what
    is returned. In a multi-label task each label is voted on by itself.
    """
    cast = [answer for answer in answers if answer.label is not None or answer.labels is not None]
    if not cast:
        reasons = Counter(str(answer.reason) for answer in answers)
        return Answer(None, min(reasons, key=lambda reason: (-reasons[reason], reason)))
    beliefs = [_belief(answer, names) for answer in cast]
    probabilities = {name: round(sum(row[name] for row in beliefs) / len(cast), 6) for name in names}
    counts = Counter(name for answer in cast for name in _labels_of(answer))
    chosen = _choose_all(counts, len(cast), names) if cast[0].labels is not None else _choose_one(counts)
    if chosen is None:
        return Answer(None, tied, None, probabilities)
    confidence = round(sum(set(_labels_of(answer)) == set(chosen) for answer in cast) / len(answers), 6)
    if cast[0].labels is not None:
        return Answer(None, None, confidence, probabilities, chosen)
    return Answer(chosen[0], None, confidence, probabilities)


def _labels_of(answer: Answer) -> tuple[str, ...]:
    return (answer.label,) if answer.label is not None else answer.labels or ()


def _belief(answer: Answer, names: Sequence[str]) -> dict[str, float]:
    given = _labels_of(answer)
    told = answer.probabilities or dict.fromkeys(given, 1.0)
    return {name: told.get(name, 0.0) for name in names}


def _choose_one(counts: Counter[str]) -> tuple[str, ...] | None:
    (label, most), *others = counts.most_common(2)
    return None if others and others[0][1] == most else (label,)


def _choose_all(counts: Counter[str], votes: int, names: Sequence[str]) -> tuple[str, ...] | None:
    if any(2 * counts[name] == votes for name in names):
        return None
    return tuple(name for name in names if 2 * counts[name] > votes)
