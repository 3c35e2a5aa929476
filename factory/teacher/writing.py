"""Calls for written texts, label by label and wave by wave, so that none repeats what another has brought."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from factory.data.candidates import Candidate
from factory.data.examples import Example
from factory.data.grid import Order, plan_orders
from factory.data.near_duplicates import NearDuplicates
from factory.recipe import Generate, Task

WAVE = 4  # calls of one label that go together: those after them are shown what they brought
REPEATED = 0.8  # share of word triples in common from which on a text is not new
log = logging.getLogger("factory")


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


async def write_label(wishes: list[Wish], ask: Ask, min_new: float = 0.0) -> list[Example]:
    """Return what `ask` brings for the calls of one label; each is shown what the waves before it brought.

    After a wave of whose texts less than the share `min_new` are new, there is no other.
    """
    examples: list[Example] = []
    known = NearDuplicates(REPEATED) if min_new else None
    for start in range(0, len(wishes), WAVE):
        wave, written = wishes[start : start + WAVE], [example.text for example in examples]
        found = await asyncio.gather(*(ask(wish, written) for wish in wave), return_exceptions=True)
        for wish, texts in zip(wave, found, strict=True):
            if isinstance(texts, BaseException):
                raise texts
            examples += as_examples(wish, texts)
        share = _note_new(known, examples[len(written) :]) if known else 1.0
        if share < min_new:
            label, left = wishes[start].order.label, len(wishes) - start - len(wave)
            log.info("%s: %.0f %% of the last texts are new; %d calls are not made", label, 100 * share, left)
            break
    return examples


def as_examples(wish: Wish, texts: Iterable[str]) -> list[Example]:
    """Return what a call brought as rows without a label."""
    order = wish.order
    circumstances = {"persona": order.persona, "easily_taken_for": order.taken_for}
    attributes = order.attributes | {name: value for name, value in circumstances.items() if value is not None}
    return [Example(text, asked_for=order.label, source="generated", attributes=attributes) for text in texts]


def _note_new(known: NearDuplicates, examples: Sequence[Example]) -> float:
    """Return the share of `examples` that repeats none before it, and remember those."""
    found = 0
    for text in map(Candidate, examples):
        if text not in known:
            known.add(text)
            found += 1
    return found / len(examples) if examples else 1.0
