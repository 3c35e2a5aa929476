"""Calls for written texts, label by label and wave by wave, so that none repeats what another has brought."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from factory.data.examples import Example
from factory.data.grid import Order, plan_orders
from factory.recipe import Generate, Task

WRITING_TEMPERATURE = 1.0
WAVE = 4  # calls of one label that go together: those after them are shown what they brought


@dataclass(frozen=True)
class Wish:
    """One call and its number among all, without which equal calls would be the same question."""

    order: Order
    sample: int


Ask = Callable[[Wish, list[str]], Awaitable[list[str]]]


def plan_wishes(task: Task, generate: Generate) -> list[list[Wish]]:
    """Return the calls of each label, in order."""
    wishes: dict[str, list[Wish]] = defaultdict(list)
    for sample, order in enumerate(plan_orders(task.names, generate)):
        wishes[order.label].append(Wish(order, sample))
    return list(wishes.values())


async def write_label(wishes: list[Wish], ask: Ask) -> list[Example]:
    """Return what `ask` brings for the calls of one label; each is shown what the waves before it brought."""
    examples: list[Example] = []
    for start in range(0, len(wishes), WAVE):
        wave, written = wishes[start : start + WAVE], [example.text for example in examples]
        found = await asyncio.gather(*(ask(wish, written) for wish in wave), return_exceptions=True)
        for wish, texts in zip(wave, found, strict=True):
            if isinstance(texts, BaseException):
                raise texts
            examples += as_examples(wish, texts)
    return examples


def as_examples(wish: Wish, texts: Iterable[str]) -> list[Example]:
    """Return what a call brought as rows without a label."""
    label, attributes = wish.order.label, wish.order.attributes
    return [Example(text, asked_for=label, source="generated", attributes=attributes) for text in texts]
