"""What a round has cost by the ledger, and what it could cost; asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from factory.data.examples import Text, read_examples
from factory.recipe import Generate, HttpTeacher, Recipe
from factory.spending import find_ledger
from factory.store import Artifact
from factory.teacher import OVER_BUDGET
from factory.teacher.forecast import estimate, open_book
from factory.teacher.ledger import Cost, Ledger
from factory.teacher.questions import Planned, Questions, find_servers, invent_text

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a round asked: texts, how they were to be written (None: they are the user's own), and their labels."""

    texts: Artifact
    generate: Generate | None
    labelled: Artifact

    @property
    def is_cut_short(self) -> bool:
        """Whether the budget ended before all had an answer."""
        path = self.labelled.path / "examples.jsonl"
        return path.exists() and any(row.reason == OVER_BUDGET for row in read_examples(path))

    @property
    def contents(self) -> list[Text] | None:
        """The texts, None where they are not there yet."""
        path = self.texts.path / "texts.jsonl"
        return [row.content for row in read_examples(path)] if path.exists() else None


def find_cost(recipe: Recipe, asked: Asked) -> tuple[int, float | None]:
    """Return the calls that the recipe has made for a round, and the dollars; None where no price is known."""
    servers, texts = find_servers(recipe), asked.contents
    if not servers or texts is None:
        return 0, None
    with open_book(find_ledger()) as book:
        keys = [
            one.question.key
            for settings in servers
            for one in _plan(recipe, settings, book, asked.generate, texts, invent=False)
        ]
        spent = book.spent_on(recipe.name, keys)
    return spent.calls, spent.dollars if all(settings.price for settings in servers) else None


def forecast_rounds(recipe: Recipe, aimed: Sequence[Asked], control: Sequence[Asked]) -> Iterator[Json]:
    """Yield what is still to be paid for each round: calls, tokens in and out, dollars, and whether it is aimed.

    Where a round's texts are not known yet, typical ones stand in; there may be fewer rounds, and not more.
    """
    for way, rounds in (("aimed", aimed), ("at random", control)):
        for place, asked in enumerate(rounds):
            yield {"round": place + 1, "asked": way, **asdict(_forecast(recipe, asked, place))}


def _forecast(recipe: Recipe, asked: Asked, place: int) -> Cost:
    rows = recipe.improve.rows if recipe.improve else 0
    texts = asked.contents
    if texts is None and asked.generate is None:
        texts = [invent_text(f"{place}.{number}") for number in range(rows)]
    with open_book(find_ledger()) as book:
        expected = (
            estimate(settings, _plan(recipe, settings, book, asked.generate, texts or [], invent=True))
            for settings in find_servers(recipe)
        )
        return sum(expected, Cost())


def _plan(
    recipe: Recipe, settings: HttpTeacher, book: Ledger, generate: Generate | None, texts: Sequence[Text], invent: bool
) -> list[Planned]:
    """Return the questions of a round: those that write its texts, if any do, and those that label them."""
    round_of = recipe.model_copy(update={"generate": generate})
    return Questions(round_of, settings, book, invent=invent).plan([] if generate else texts)
