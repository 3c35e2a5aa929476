"""What teachers would cost, from the very requests that would be sent, and how far that was off; asks nobody.

Tokens are estimated without a tokenizer: a token is four bytes of UTF-8 (close for European languages, and for others
within a factor of two), each message has 4 more, an answer with a label has 12, a reason 60, and a text yet to be
written 40. It is what to expect, not a bound; the bound is the budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from factory.data.examples import Text
from factory.recipe import HttpTeacher, Price, Recipe
from factory.teacher.ledger import Cost, Ledger
from factory.teacher.questions import BYTES_PER_TOKEN, WRITTEN_TEXT_TOKENS, Planned, Questions
from factory.teacher.requests import Request

TOKENS_PER_MESSAGE = 4
LABEL_ANSWER_TOKENS = 12
REASON_TOKENS = 60


@dataclass
class Forecast:
    """Calls that are still to be paid, the tokens and dollars expected for them; dollars are 0 without a price."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


def forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path, *, but: str | None = None) -> Forecast:
    """Return what writing the recipe's texts and labelling them and `texts` will take beyond what `ledger` has.

    `texts` are those that are known before the teacher is asked: the user's own and gold. Answers that the recipe
    called `but` has paid for are taken for missing.
    """
    with _opened(ledger) as book:
        expected = (
            estimate(settings, Questions(recipe, settings, book, but, invent=True).plan(texts))
            for settings in _servers(recipe)
        )
        return sum(expected, Forecast())


def check_forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path) -> dict[str, Any] | None:
    """Return the forecast as it was before the recipe had paid for anything, and by how much that was off.

    `error_percent` is of the dollars or, without a price, of the tokens that the recipe's questions as it stands took;
    it is None where some of them were not asked. Returns None where the recipe has paid for no question that it has.
    """
    with _opened(ledger) as book:
        asked = [planned for settings in _servers(recipe) for planned in Questions(recipe, settings, book).plan(texts)]
        actual = book.spent_on(recipe.name, [planned.question.key for planned in asked])
    if not actual.calls:
        return None
    expected = forecast(recipe, texts, ledger, but=recipe.name)
    is_partial = recipe.budget.when_spent == "continue" and not all(planned.is_answered for planned in asked)
    error = None if is_partial else _error(expected, actual)
    is_priced = all(settings.price for settings in _servers(recipe))
    dollars = round(expected.dollars, 6) if is_priced else None
    return {**asdict(expected), "dollars": dollars, "error_percent": error}


def estimate(settings: HttpTeacher, planned: Iterable[Planned]) -> Forecast:
    """Return what those of the questions that have no answer yet will take."""
    missing = [one for one in planned if not one.is_answered]
    input_tokens = sum(estimate_tokens(one.request) for one in missing)
    output_tokens = sum(WRITTEN_TEXT_TOKENS * one.texts or answer_tokens(settings) for one in missing)
    price = settings.price or Price(input=0, output=0)
    dollars = (input_tokens * price.input + output_tokens * price.output) / 1e6
    return Forecast(len(missing), input_tokens, output_tokens, dollars)


def answer_tokens(settings: HttpTeacher) -> int:
    """Return about how many tokens an answer with a label has."""
    return LABEL_ANSWER_TOKENS + (REASON_TOKENS if settings.reason else 0)


def estimate_tokens(request: Request) -> int:
    """Return about how many tokens the messages of a request have."""
    contents = [message["content"] for message in request["messages"]]
    return sum(-(-len(content.encode()) // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE for content in contents)


def _servers(recipe: Recipe) -> Iterator[HttpTeacher]:
    return (settings for settings in recipe.all_teachers if isinstance(settings, HttpTeacher))


@contextmanager
def _opened(ledger: Path) -> Iterator[Ledger]:
    with closing(Ledger(ledger if ledger.exists() else Path(":memory:"))) as book:
        yield book


def _error(expected: Forecast, actual: Cost) -> float | None:
    if actual.dollars:
        return round(100 * (expected.dollars / actual.dollars - 1), 1)
    tokens = expected.input_tokens + expected.output_tokens
    return round(100 * (tokens / actual.tokens - 1), 1) if actual.tokens else None
