"""Which texts to ask a teacher for: every label equally often, each call in other circumstances."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import prod
from random import Random

from factory.recipe import Generate

TINY = 1e-9  # so that ten calls of a share of 0.1 come to one
Grid = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Order:
    """One call to a teacher: `count` texts of `label`, all in the circumstances `attributes`.

    `persona` is who writes, and `taken_for` the label that a borderline text is easily taken for.
    """

    label: str
    count: int
    attributes: dict[str, str] = field(default_factory=dict)
    persona: str | None = None
    taken_for: str | None = None
    temperature: float = 1.0


def plan_orders(labels: Sequence[str], generate: Generate) -> list[Order]:
    """Return the calls that ask for `generate.rows` texts, no label more than one text ahead of another.

    Cells of the attribute grid and personas are drawn without replacement, and start afresh when they are used up.
    Every label gets the same in the same order: a circumstance must not tell which label was asked for. Neighbours
    in the list have different labels, and the order of `labels` and of the attributes does not matter. Where
    `generate.between` names pairs, the calls are for these in turn instead.
    """
    if generate.between:
        return _plan_between(generate)
    names = sorted(labels)
    shares = [generate.rows // len(names) + (place < generate.rows % len(names)) for place in range(len(names))]
    counts = [_split_share(share, generate.rows_per_call) for share in shares]
    calls = max(map(len, counts))
    drawn = zip(_draw_cells(generate, calls), _draw_personas(generate, calls), strict=True)
    return [
        Order(
            name,
            count[call],
            cell,
            persona,
            _choose_neighbour(names, place, call, generate.borderline),
            _find_temperature(generate, call, len(count)),
        )
        for call, (cell, persona) in enumerate(drawn)
        for place, (name, count) in enumerate(zip(names, counts, strict=True))
        if call < len(count)
    ]


def _plan_between(generate: Generate) -> list[Order]:
    counts = _split_share(generate.rows, generate.rows_per_call)
    drawn = zip(_draw_cells(generate, len(counts)), _draw_personas(generate, len(counts)), strict=True)
    return [
        Order(label, count, cell, persona, taken_for, _find_temperature(generate, call, len(counts)))
        for call, ((cell, persona), count, (label, taken_for)) in enumerate(
            zip(drawn, counts, cycle(generate.between), strict=False)
        )
    ]


def _split_share(share: int, rows_per_call: int) -> list[int]:
    full, rest = divmod(share, rows_per_call)
    return [rows_per_call] * full + [rest] * (rest > 0)


def _draw_cells(generate: Generate, count: int) -> Iterator[dict[str, str]]:
    grid = sorted((name, values) for name, values in generate.attributes.items() if values)
    size = min(prod(len(values) for _, values in grid), sys.maxsize)
    random = Random(generate.seed)
    for start in range(0, count, size):
        for number in random.sample(range(size), min(size, count - start)):
            yield _cell(grid, number)


def _cell(grid: Grid, number: int) -> dict[str, str]:
    cell = {}
    for name, values in grid:
        number, place = divmod(number, len(values))
        cell[name] = values[place]
    return cell


def _draw_personas(generate: Generate, count: int) -> Iterator[str | None]:
    if not generate.personas:
        yield from [None] * count
        return
    random = Random(f"personas {generate.seed}")
    for start in range(0, count, len(generate.personas)):
        yield from random.sample(generate.personas, len(generate.personas))[: count - start]


def _choose_neighbour(names: Sequence[str], place: int, call: int, share: float) -> str | None:
    """Return which other label the texts of a call are to be near to, each in turn; None for most calls."""
    earlier, now = int(call * share + TINY), int((call + 1) * share + TINY)
    return names[(place + 1 + earlier % (len(names) - 1)) % len(names)] if now > earlier else None


def _find_temperature(generate: Generate, call: int, calls: int) -> float:
    if isinstance(generate.temperature, float):
        return generate.temperature
    first, last = generate.temperature
    return round(first + (last - first) * call / max(1, calls - 1), 4)
