"""How far several teachers agree: shares, and kappa, which takes out what would be chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import Any

Json = dict[str, Any]


def describe_agreement(teachers: Sequence[str], votes: Iterable[Sequence[Any]]) -> Json:
    """Return how often teachers gave the same answer; a multi-label answer is one answer.

    `votes` has one answer of each teacher a text, None for none. `rows` counts the texts that all answered,
    `agreement` is the share of them on which all agree, `kappa` that of Fleiss (1971), for two teachers as for more.
    `pairs` has the same for every two teachers, on the texts that these two answered, with the kappa of Cohen (1960).
    A kappa is None where it is not defined: without rows, and where all answers are one.
    """
    answers = [tuple(map(_as_category, row)) for row in votes]
    pairs = [
        {"teachers": [teachers[one], teachers[other]], **_describe_pair([(row[one], row[other]) for row in answers])}
        for one, other in combinations(range(len(teachers)), 2)
    ]
    complete = [row for row in answers if None not in row]
    unanimous = [len(set(row)) == 1 for row in complete]
    return {
        "teachers": list(teachers),
        "rows": len(complete),
        "agreement": _share(unanimous),
        "kappa": fleiss_kappa(complete),
        "pairs": pairs,
    }


def cohen_kappa(answers: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Return the agreement of two raters beyond what their own frequencies of answers would bring by chance."""
    if not answers:
        return None
    first, second = (Counter(row[place] for row in answers) for place in (0, 1))
    observed = sum(one == other for one, other in answers) / len(answers)
    expected = sum(first[answer] * second[answer] for answer in first) / len(answers) ** 2
    return _beyond(observed, expected)


def fleiss_kappa(answers: Sequence[Sequence[Hashable]]) -> float | None:
    """Return the agreement of any number of raters beyond what the frequencies of answers would bring by chance."""
    if not answers:
        return None
    raters = len(answers[0])
    counts = [Counter(row) for row in answers]
    agreeing = sum(count * (count - 1) for row in counts for count in row.values())
    observed = agreeing / (len(answers) * raters * (raters - 1))
    totals = Counter(answer for row in answers for answer in row)
    return _beyond(observed, sum((total / totals.total()) ** 2 for total in totals.values()))


def _as_category(answer: Any) -> Hashable:
    return tuple(answer) if isinstance(answer, list) else answer


def _describe_pair(answers: Sequence[tuple[Hashable, Hashable]]) -> Json:
    answered = [row for row in answers if None not in row]
    agreement = _share([one == other for one, other in answered])
    return {"rows": len(answered), "agreement": agreement, "kappa": cohen_kappa(answered)}


def _beyond(observed: float, expected: float) -> float | None:
    return None if expected > 1 - 1e-12 else round((observed - expected) / (1 - expected), 6)


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
