"""Every question that a recipe has for a server, from the very requests that would be sent; asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from factory.data.examples import Text, example_id, is_blank
from factory.data.generation import tidy
from factory.recipe import Generate, HttpTeacher, Recipe
from factory.teacher.allowance import limit_wishes
from factory.teacher.answers import read_texts
from factory.teacher.interrupt import run
from factory.teacher.ledger import Ledger, Question
from factory.teacher.prompts import LabelPrompt, WritePrompt
from factory.teacher.requests import Request, find_replies, key_of, label_request, write_request
from factory.teacher.tokens import BYTES_PER_TOKEN, TYPICAL_TEXT_TOKENS
from factory.teacher.writing import Wish, plan_wishes, write_label


def find_servers(recipe: Recipe) -> list[HttpTeacher]:
    """Return those of the recipe's teachers that are servers, whose answers cost something."""
    return [settings for settings in recipe.all_teachers if isinstance(settings, HttpTeacher)]


@dataclass(frozen=True)
class Planned:
    """A question, whether the ledger has an answer to it, and how many texts it asks for: 0 if it is for a label."""

    question: Question
    request: Request
    texts: int
    is_answered: bool


@dataclass(frozen=True)
class Questions:
    """What a recipe asks of one server; `ledger` says what has been answered, for all recipes or for all but one.

    A call that writes depends on what those before it brought. Where one of them has no answer yet, stand-ins take the
    place of its texts with `invent`; without, whatever depends on them is no question yet.
    """

    recipe: Recipe
    settings: HttpTeacher
    ledger: Ledger
    but: str | None = None
    invent: bool = False

    def plan(self, texts: Sequence[Text]) -> list[Planned]:
        """Return the questions that write the recipe's texts, and those that label them and `texts`.

        `texts` are those that are known before the teacher is asked: the user's own and gold.
        """
        is_writer = self.settings == self.recipe.all_teachers[0]
        generate = self.recipe.generate
        writing, written = self._plan_writing(generate) if generate else ([], [])
        return [*(writing if is_writer else []), *self._plan_labels([*texts, *written])]

    def _plan_labels(self, texts: Sequence[Text]) -> list[Planned]:
        prompt = LabelPrompt(self.recipe.task, reason=self.settings.reason)
        asked = {}
        for text in dict.fromkeys(text for text in texts if not is_blank(text)):
            for sample in range(self.settings.samples):
                request = label_request(self.settings, prompt, text, sample)
                asked[key_of(self.settings, request, sample)] = (request, example_id(text))
        answered = {key for key, _ in self.ledger.find(list(asked), self.but)}
        return [
            Planned(self._question(key, "label", subject), request, 0, key in answered)
            for key, (request, subject) in asked.items()
        ]

    def _plan_writing(self, generate: Generate) -> tuple[list[Planned], list[str]]:
        """Return the questions, and the texts that came or stand in, as the stage that labels them would get them."""
        settings = self.recipe.all_teachers[0]
        if not isinstance(settings, HttpTeacher):
            return [], []
        prompt, planned, written = WritePrompt(self.recipe.task, generate), list[Planned](), dict[int, list[str]]()

        async def ask(wish: Wish, earlier: list[str]) -> list[str]:
            request = write_request(settings, prompt, generate, wish, earlier)
            key = key_of(settings, request, wish.sample)
            replies = [reply for _, reply in find_replies(self.ledger, [key], self.but)]
            planned.append(Planned(self._question(key, "write", None), request, wish.order.count, bool(replies)))
            if not replies and not self.invent:
                raise _Unanswered
            texts = [text for reply in replies for text in read_texts(reply.content, wish.order.count)]
            written[wish.sample] = texts if replies else _invent(wish)
            return written[wish.sample]

        async def write() -> None:
            for wishes in self._plan_wishes(settings, generate):
                with suppress(_Unanswered):
                    await write_label(wishes, ask, generate.min_new)

        run(write(), lambda: None)
        return planned, [tidy(text) for sample in sorted(written) for text in written[sample]]

    def _plan_wishes(self, settings: HttpTeacher, generate: Generate) -> list[list[Wish]]:
        """Return the calls that will be made, which a budget that is gone on with when it is spent limits."""
        task, budget = self.recipe.task, self.recipe.budget
        plan = plan_wishes(task, generate)
        return limit_wishes(plan, settings, task, generate, budget) if budget.when_spent == "continue" else plan

    def _question(self, key: str, kind: str, subject: str | None) -> Question:
        return Question(key, self.recipe.name, kind, subject, self.settings.model)


class _Unanswered(Exception):
    """The calls after this one cannot be known yet."""


def _invent(wish: Wish) -> list[str]:
    return [invent_text(f"{wish.sample}.{number}") for number in range(wish.order.count)]


def invent_text(name: str) -> str:
    """Return a text of typical size that stands in for one that is not known yet."""
    return f"{name} ".ljust(BYTES_PER_TOKEN * TYPICAL_TEXT_TOKENS, "x")
