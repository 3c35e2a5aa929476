"""What rounds have brought: a score before and after, whether the gain could be chance, and what a dollar bought."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from factory.data.examples import read_examples
from factory.evaluation.intervals import bootstrap_difference, bootstrap_share
from factory.evaluation.report import name_base_model
from factory.improving.proxy import Reader
from factory.store import Artifact

Json = dict[str, Any]
Pair = tuple[str, str | None]
CHANCE = "the gain could be chance"
TOO_DEAR = "a dollar brought less than `min_gain`"
NO_TEXTS = "no text is left to ask about"
NO_MISTAKES = "the student made no mistake to aim at"
SPENT = "the budget was spent"
ALL_DONE = "all rounds were made"


class Step(TypedDict):
    """What a round asked, and what there was to learn from and what the cheap student said of it afterwards.

    `dollars` is None where there is no price.
    """

    texts: Artifact
    kept: Artifact
    said: Artifact
    calls: int
    dollars: float | None


def describe_rounds(
    kept: Artifact,
    said: Artifact,
    aimed: list[Step],
    control: list[Step],
    reader: Reader,
    on_gold: bool,
    stopped: str,
    *,
    out: Path,
) -> None:
    """Write `improve.json`: the learning curve of rounds that were aimed, with those at random beside it.

    `kept` and `said` are from before the first round. Scores are shares of rows that are right, each with value, low
    and high; gains are paired differences on the same rows, with low, high and p. `gain_per_dollar` is in points.
    """
    settings = reader["settings"]
    before = read_hits(said)
    described = {
        "measured_on": "development gold" if on_gold else "rows labelled before the first round",
        "rows": len(before),
        "base_model": name_base_model(settings.base_model) if settings else None,
        "learned_from": _count_kept(kept),
        "score": bootstrap_share(before),
        "rounds": list(_describe(kept, said, aimed, control)),
        "stopped": stopped,
    }
    (out / "improve.json").write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def weigh_gain(before: Artifact, after: Artifact) -> dict[str, float]:
    """Return difference, low, high and p of the share of judged rows that are right, paired by row."""
    return bootstrap_difference(read_hits(after), read_hits(before))


def gain_per_dollar(gain: dict[str, float], dollars: float | None) -> float | None:
    """Return the points that a dollar brought; None where nothing was paid or no price is known."""
    return round(100 * gain["difference"] / dollars, 4) if dollars else None


def find_pairs(said: Artifact, calls: int) -> list[Pair]:
    """Return for each of `calls` the label to write for and the one it is taken for, as often as that happened.

    Of label sets, a label that is missing is paired with each that was given wrongly in its place or, where none was,
    with none; a label given beside all that apply is paired with each of those. Without a mistake there is no pair.
    """
    mistakes = Counter(pair for row in _read(said) if row["truth"] != row["said"] for pair in _confused(row))
    given: Counter[Pair] = Counter()
    for _ in range(calls if mistakes else 0):
        most = max(mistakes, key=lambda pair: (mistakes[pair] / (given[pair] + 1), str(pair)))
        given[most] += 1
    return list(_in_turn(given))


def read_hits(said: Artifact) -> list[bool]:
    """Return which of the judged rows are right."""
    return [row["truth"] == row["said"] for row in _read(said)]


def _read(said: Artifact) -> list[Json]:
    with (said.path / "judged.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _confused(row: Json) -> Iterator[Pair]:
    truth, said = ([value] if isinstance(value, str) else value for value in (row["truth"], row["said"]))
    extra = [label for label in said if label not in truth]
    for label in [label for label in truth if label not in said] or truth:
        yield from ((label, other) for other in extra or [None])


def _in_turn(given: Counter[Pair]) -> Iterator[Pair]:
    """Yield pairs so that those of one kind do not come together."""
    left = Counter(given)
    while left:
        yield from sorted(left, key=lambda pair: (-given[pair], str(pair)))
        left -= Counter(list(left))


def _describe(kept: Artifact, said: Artifact, aimed: Sequence[Step], control: Sequence[Step]) -> Iterator[Json]:
    ways = [[(kept, said), *((step["kept"], step["said"]) for step in steps)] for steps in (aimed, control)]
    for place, step in enumerate(aimed):
        beside = control[place] if place < len(control) else None
        other = _describe_step(*ways[1][place], beside) if beside else None
        if beside and other:
            other["aimed_minus_control"] = weigh_gain(beside["said"], step["said"])
        yield {"round": place + 1, **_describe_step(*ways[0][place], step), "control": other}


def _describe_step(kept: Artifact, said: Artifact, step: Step) -> Json:
    gain, dollars = weigh_gain(said, step["said"]), step["dollars"]
    return {
        "asked": len(read_examples(step["texts"].path / "texts.jsonl")),
        "kept": _count_kept(step["kept"]) - _count_kept(kept),
        "calls": step["calls"],
        "dollars": None if dollars is None else round(dollars, 6),
        "before": bootstrap_share(read_hits(said)),
        "after": bootstrap_share(read_hits(step["said"])),
        "gain": gain,
        "gain_per_dollar": gain_per_dollar(gain, dollars),
    }


def _count_kept(kept: Artifact) -> int:
    return int(json.loads((kept.path / "counts.json").read_text(encoding="utf-8"))["kept"])
