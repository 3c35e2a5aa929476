"""What a teacher would be asked and what it would cost, from the very requests that would be sent; asks nobody.

Tokens are estimated without a tokenizer: a token is four bytes of UTF-8 (close for European languages, and for others
within a factor of two), each message has 4 more, an answer with a label has 12, a reason 60, and a text yet to be
written 40. It is what to expect, not a bound; the bound is the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from factory.data.examples import Text, is_blank
from factory.data.generation import tidy
from factory.recipe import Generate, HttpTeacher, Price, Recipe, Task
from factory.teacher.answers import read_texts
from factory.teacher.interrupt import run
from factory.teacher.ledger import Ledger
from factory.teacher.prompts import LabelPrompt, WritePrompt
from factory.teacher.requests import Request, find_replies, key_of, label_request, write_request
from factory.teacher.writing import Wish, plan_wishes, write_label

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
LABEL_ANSWER_TOKENS = 12
REASON_TOKENS = 60
WRITTEN_TEXT_TOKENS = 40


@dataclass
class Forecast:
    """Calls that are still to be paid, the tokens and dollars expected for them; dollars are 0 without a price."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def priced(self, price: Price | None) -> Forecast:
        """Return it with the dollars that its tokens cost."""
        given = price or Price(input=0, output=0)
        return replace(self, dollars=(self.input_tokens * given.input + self.output_tokens * given.output) / 1e6)


def forecast(recipe: Recipe, texts: Sequence[Text], ledger: Path) -> Forecast:
    """Return what writing the recipe's texts and labelling them and `texts` will take beyond what `ledger` has.

    `texts` are those that are known before the teacher is asked: the user's own and gold.
    """
    total, known = Forecast(), list(texts)
    with closing(Ledger(ledger if ledger.exists() else Path(":memory:"))) as book:
        for place, settings in enumerate(recipe.all_teachers):
            if isinstance(settings, HttpTeacher):
                expected = Forecast()
                if recipe.generate and place == 0:
                    known += _forecast_writing(expected, settings, recipe.task, recipe.generate, book)
                _forecast_labels(expected, settings, recipe.task, known, book)
                total += expected.priced(settings.price)
    return total


def estimate_tokens(request: Request) -> int:
    """Return about how many tokens the messages of a request have."""
    contents = [message["content"] for message in request["messages"]]
    return sum(-(-len(content.encode()) // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE for content in contents)


def _forecast_labels(
    expected: Forecast, settings: HttpTeacher, task: Task, texts: Sequence[Text], book: Ledger
) -> None:
    prompt = LabelPrompt(task, reason=settings.reason)
    requests = {}
    for text in dict.fromkeys(text for text in texts if not is_blank(text)):
        for sample in range(settings.samples):
            request = label_request(settings, prompt, text, sample)
            requests[key_of(settings, request, sample)] = estimate_tokens(request)
    known = {key for key, _ in find_replies(book, list(requests))}
    missing = [tokens for key, tokens in requests.items() if key not in known]
    expected.calls += len(missing)
    expected.input_tokens += sum(missing)
    expected.output_tokens += (LABEL_ANSWER_TOKENS + REASON_TOKENS * settings.reason) * len(missing)


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
