"""What a teacher would be asked and what it would cost, from the very requests that would be sent; asks nobody.

Tokens are estimated without a tokenizer: a token is four bytes of UTF-8 (close for European languages, and for others
within a factor of two), each message has 4 more, an answer with a label has 12, and a text yet to be written has 40.
It is what to expect, not a bound; the bound is the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from factory.data.examples import Text, is_blank
from factory.data.generation import tidy
from factory.recipe import Generate, HttpTeacher, Recipe, Task
from factory.teacher.answers import read_texts
from factory.teacher.interrupt import run
from factory.teacher.ledger import Ledger
from factory.teacher.prompts import LabelPrompt, WritePrompt
from factory.teacher.requests import Request, find_replies, key_of, label_request, write_request
from factory.teacher.writing import Wish, plan_wishes, write_label

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
LABEL_ANSWER_TOKENS = 12
WRITTEN_TEXT_TOKENS = 40


@dataclass
class Forecast:
    """Calls that are still to be paid, the tokens and dollars expected for them; dollars are 0 without a price."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0


def forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path) -> Forecast:
    """Return what writing the recipe's texts and labelling them and `texts` will take beyond what `ledger` has.

    `texts` are those that are known before the teacher is asked: the user's own and gold.
    """
    expected, settings = Forecast(), recipe.teacher
    if not isinstance(settings, HttpTeacher):
        return expected
    with closing(Ledger(ledger if ledger.exists() else Path(":memory:"))) as book:
        written = _forecast_writing(expected, settings, recipe.task, recipe.generate, book) if recipe.generate else []
        _forecast_labels(expected, settings, recipe.task, [*texts, *written], book)
    price = settings.price
    if price:
        expected.dollars = (expected.input_tokens * price.input + expected.output_tokens * price.output) / 1e6
    return expected


def estimate_tokens(request: Request) -> int:
    """Return about how many tokens the messages of a request have."""
    contents = [message["content"] for message in request["messages"]]
    return sum(-(-len(content.encode()) // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE for content in contents)


def _forecast_labels(
    expected: Forecast, settings: HttpTeacher, task: Task, texts: Sequence[Text], book: Ledger
) -> None:
    prompt = LabelPrompt(task)
    requests = {}
    for text in dict.fromkeys(text for text in texts if not is_blank(text)):
        request = label_request(settings, prompt, text)
        requests[key_of(settings, request)] = estimate_tokens(request)
    known = {key for key, _ in find_replies(book, list(requests))}
    missing = [tokens for key, tokens in requests.items() if key not in known]
    expected.calls += len(missing)
    expected.input_tokens += sum(missing)
    expected.output_tokens += LABEL_ANSWER_TOKENS * len(missing)


def _forecast_writing(
    expected: Forecast, settings: HttpTeacher, task: Task, generate: Generate, book: Ledger
) -> list[str]:
    """Go through the calls as writing would; where the ledger has no answer, stand-ins take the place of the texts."""
    prompt = WritePrompt(task, generate)

    async def ask(wish: Wish, written: list[str]) -> list[str]:
        request = write_request(settings, prompt, generate, wish, written)
        count = wish.order.count
        for _, reply in find_replies(book, [key_of(settings, request, wish.sample)]):
            return read_texts(reply.content, count)
        expected.calls += 1
        expected.input_tokens += estimate_tokens(request)
        expected.output_tokens += WRITTEN_TEXT_TOKENS * count
        return [f"{wish.sample}.{n} ".ljust(BYTES_PER_TOKEN * WRITTEN_TEXT_TOKENS, "x") for n in range(count)]

    async def write() -> list[str]:
        chains = [await write_label(wishes, ask) for wishes in plan_wishes(task, generate)]
        return [tidy(example.text) for chain in chains for example in chain]

    return run(write(), lambda: None)
