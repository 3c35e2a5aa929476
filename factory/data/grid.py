"""Which texts to ask a teacher for: every label equally often, each call in other circumstances."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from random import Random

from factory.recipe import Generate

Grid = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Order:
    """One call to a teacher: `count` texts of `label`, all in the circumstances `attributes`."""

    label: str
    count: int
    attributes: dict[str, str] = field(default_factory=dict)


def plan_orders(labels: Sequence[str], generate: Generate) -> list[Order]:
    """Return the calls that ask for `generate.rows` texts, no label more than one text ahead of another.

    Cells of the attribute grid are drawn without replacement, and the grid starts afresh when it is used up. Every
    label gets the same cells in the same order: a circumstance must not tell which label was asked for. Neighbours
    in the list have different labels, and the order of `labels` and of the attributes does not matter.
    """
    names = sorted(labels)
    shares = [generate.rows // len(names) + (place < generate.rows % len(names)) for place in range(len(names))]
    counts = [_split_share(share, generate.rows_per_call) for share in shares]
    cells = _draw_cells(generate, max(map(len, counts)))
    return [
        Order(name, count[call], cell)
        for call, cell in enumerate(cells)
        for name, count in zip(names, counts, strict=True)
        if call < len(count)
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
