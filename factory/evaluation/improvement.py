"""What the rounds of `improve` brought, as a table and in sentences, for a terminal and for cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NOTHING = "-"
HEAD = ["round", "kept", "asked", "calls", "$", "right, %", "gain, points", "points/$"]
CONTROL_HEAD = ["at random: right, %", "$", "aimed minus random"]
Json = dict[str, Any]


def tabulate_rounds(improve: Json) -> tuple[list[str], list[list[str]]]:
    """Return head and rows: what there was at the start, then each round with what it brought."""
    has_control = any(one["control"] for one in improve["rounds"])
    start = ["start", f"{improve['learned_from']:,}", *[NOTHING] * 3, _percent(improve["score"]), NOTHING, NOTHING]
    rows = [[*start, *([NOTHING] * 3 if has_control else [])]]
    for one in improve["rounds"]:
        per_dollar = NOTHING if one["gain_per_dollar"] is None else f"{one['gain_per_dollar']:+,.1f}"
        brought = [_percent(one["after"]), _points(one["gain"]), per_dollar]
        cells = [str(one["round"]), f"{one['kept']:,}", f"{one['asked']:,}", f"{one['calls']:,}", _dollars(one)]
        rows.append([*cells, *brought, *(_describe_control(one["control"]) if has_control else [])])
    return [*HEAD, *(CONTROL_HEAD if has_control else [])], rows


def explain_rounds(improve: Json, units: str) -> Iterator[str]:
    """Yield what the table says and what it does not, in plain text."""
    how = f"with {improve['base_model']}" if improve["base_model"] else "by their words"
    ended = "The rounds ended" if improve["rounds"] else "There was no round"
    yield (
        f"Rounds ask about {units} where a cheap student (logistic regression, reading {how}) is wrong or unsure. "
        f"kept: rows that the filters left at the start, then those that a round added. {ended}, since "
        f"{improve['stopped']}."
    )
    if improve["measured_on"] == "development gold":
        yield f"right, %: by {improve['rows']:,} gold {units} that were set aside; no other score uses them."
    else:
        yield (
            f"right, %: how often that student gives the teacher's answer to {improve['rows']:,} {units} labelled "
            f"before the first round, each read without having been learned; it is no estimate of accuracy."
        )
    if improve["rounds"]:
        yield f"Held-out {units} come from the rounds too: agreement is not that on {units} drawn at random."
        yield _explain_control(improve["rounds"], units)


def _explain_control(rounds: list[Json], units: str) -> str:
    if not any(one["control"] for one in rounds):
        return (
            f"No control was asked for (`improve.control`): whether aiming did more than as many random {units} would "
            f"have done is not known."
        )
    return (
        f"at random: the same student after as many {units} that were not aimed; these were learned from too in the "
        f"end. An interval of aimed minus random that holds 0 says that aiming has not been shown to help."
    )


def _describe_control(control: Json | None) -> list[str]:
    if not control:
        return [NOTHING] * 3
    return [_percent(control["after"]), _dollars(control), _points(control["aimed_minus_control"])]


def _dollars(one: Json) -> str:
    return NOTHING if one["dollars"] is None else f"{one['dollars']:.4f}"


def _percent(score: Json) -> str:
    return "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * score[name] for name in ("value", "low", "high")))


def _points(difference: Json) -> str:
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * difference[name] for name in ("difference", "low", "high")))
