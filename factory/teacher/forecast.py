"""What teachers would cost, from the very requests that would be sent, and how far that was off; asks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from factory.data.examples import Text
from factory.recipe import HttpTeacher, Recipe
from factory.teacher.budget import price_tokens
from factory.teacher.ledger import Cost, Ledger
from factory.teacher.questions import Planned, Questions, find_servers
from factory.teacher.tokens import TYPICAL_TEXT_TOKENS, answer_tokens, count_tokens, estimate_tokens
from factory.teacher.wire import read_reply


def forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path, *, but: str | None = None) -> Cost:
    """Return what writing the recipe's texts and labelling them and `texts` will take beyond what `ledger` has.

    `texts` are those that are known before the teacher is asked: the user's own and gold. Answers that the recipe
    called `but` has paid for are taken for missing.
    """
    with open_book(ledger) as book:
        expected = (
            estimate(settings, Questions(recipe, settings, book, but, invent=True).plan(texts))
            for settings in find_servers(recipe)
        )
        return sum(expected, Cost())


def check_forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path) -> dict[str, Any] | None:
    """Return the forecast as it was before the recipe had paid for anything, and by how much that was off.

    Rounds of `improve` are left out of both, as nobody knows beforehand how many there will be.

    `error_percent` is of the dollars or, without a price, of the tokens that the recipe's questions as it stands took;
    it is None where some of them were not asked. Returns None where the recipe has paid for no question that it has.
    """
    servers = find_servers(recipe)
    with open_book(ledger) as book:
        asked = [planned for settings in servers for planned in Questions(recipe, settings, book).plan(texts)]
        actual = book.spent_on(recipe.name, [planned.question.key for planned in asked])
    if not actual.calls:
        return None
    expected = forecast(recipe, texts, ledger, but=recipe.name)
    is_partial = recipe.budget.when_spent == "continue" and not all(planned.is_answered for planned in asked)
    error = None if is_partial else _error(expected, actual)
    is_priced = all(settings.price for settings in servers)
    dollars = round(expected.dollars, 6) if is_priced else None
    return {**asdict(expected), "dollars": dollars, "error_percent": error}


def estimate_untold(ledger: Path, recipe: str | None = None) -> dict[str, int] | None:
    """Return how many answers came without their tokens, what is booked for them and what they took by their length.

    Only for the reader: a budget goes by what is booked (`factory.teacher.budget`). None where all tokens were told.
    """
    with open_book(ledger) as book:
        rows = book.untold(recipe)
    if not rows:
        return None
    likely = sum(
        estimate_tokens(json.loads(request)) + count_tokens(read_reply(reply).content) for request, reply, _ in rows
    )
    return {"answers": len(rows), "booked_tokens": sum(tokens for *_, tokens in rows), "likely_tokens": likely}


def estimate(settings: HttpTeacher, planned: Iterable[Planned]) -> Cost:
    """Return what those of the questions that have no answer yet will take; dollars are 0 without a price."""
    missing = [one for one in planned if not one.is_answered]
    input_tokens = sum(estimate_tokens(one.request) for one in missing)
    output_tokens = sum(TYPICAL_TEXT_TOKENS * one.texts or answer_tokens(settings) for one in missing)
    return price_tokens(settings.price, len(missing), input_tokens, output_tokens)


@contextmanager
def open_book(ledger: Path) -> Iterator[Ledger]:
    """Open the ledger to read, or an empty one in memory where there is none yet."""
    with closing(Ledger(ledger if ledger.exists() else Path(":memory:"))) as book:
        yield book


def _error(expected: Cost, actual: Cost) -> float | None:
    if actual.dollars:
        return round(100 * (expected.dollars / actual.dollars - 1), 1)
    return round(100 * (expected.tokens / actual.tokens - 1), 1) if actual.tokens else None
