"""Which texts the teacher is asked to write: a label, one cell of the grid and a number of texts for each call."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from factory.data.examples import Example
from factory.recipe import Generate, Task

WRITING_TEMPERATURE = 1.0
WAVE = 4  # calls of one label in flight together: those after it are shown what it brought, so as not to repeat it


@dataclass(frozen=True)
class Wish:
    """One call: `count` texts of `label` under the circumstances `attributes`; `sample` is its number in all."""

    label: str
    attributes: dict[str, str]
    count: int
    sample: int


Ask = Callable[[Wish, list[str]], Awaitable[list[str]]]


def plan_writing(task: Task, generate: Generate) -> dict[str, list[Wish]]:
    """Return the calls of each label, in order.

    Rows are shared evenly; every label walks through the cells in the same order, so that no circumstance gives its
    label away.
    """
    share, more = divmod(generate.rows, len(task.labels))
    calls = math.ceil((share + bool(more)) / generate.rows_per_call)
    cells = list(draw_cells(generate, calls))
    plan = {}
    for number, label in enumerate(task.names):
        rows = share + (number < more)
        counts = [min(generate.rows_per_call, rows - start) for start in range(0, rows, generate.rows_per_call)]
        first = number * calls
        plan[label] = [Wish(label, cells[index], count, first + index) for index, count in enumerate(counts)]
    return plan


async def write_label(wishes: list[Wish], ask: Ask) -> list[Example]:
    """Return what `ask` brings for the calls of one label, wave by wave; each is shown what was written before."""
    examples: list[Example] = []
    for start in range(0, len(wishes), WAVE):
        wave, written = wishes[start : start + WAVE], [example.text for example in examples]
        found = await asyncio.gather(*(ask(wish, written) for wish in wave), return_exceptions=True)
        for wish, texts in zip(wave, found, strict=True):
            if isinstance(texts, BaseException):
                raise texts
            examples += [_as_example(text, wish) for text in texts]
    return examples


def _as_example(text: str, wish: Wish) -> Example:
    return Example(text, asked_for=wish.label, source="generated", attributes=wish.attributes)


def draw_cells(generate: Generate, count: int) -> Iterator[dict[str, str]]:
    """Yield `count` cells of the grid in an order that `generate.seed` draws; all of them before any comes again."""
    size = math.prod(len(values) for values in generate.attributes.values())
    order = random.Random(generate.seed).sample(range(size), min(size, count))
    for index in range(count):
        yield _cell(generate.attributes, order[index % size])


def _cell(attributes: dict[str, list[str]], number: int) -> dict[str, str]:
    cell = {}
    for name, values in attributes.items():
        number, position = divmod(number, len(values))
        cell[name] = values[position]
    return cell
