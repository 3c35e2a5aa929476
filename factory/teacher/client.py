"""A teacher behind HTTP: any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from factory.data.examples import Example, Text, example_id
from factory.errors import BudgetError, TeacherError
from factory.recipe import Budget, Generate, HttpTeacher, Task
from factory.teacher import OVER_BUDGET, Answer, Usage
from factory.teacher.allowance import limit_wishes
from factory.teacher.answers import read_texts
from factory.teacher.asking import Asking
from factory.teacher.budget import Account
from factory.teacher.interrupt import run
from factory.teacher.ledger import Ledger, Question
from factory.teacher.prompts import KINDS_VERSION, PROMPT_VERSION, REASON_VERSION, LabelPrompt, WritePrompt
from factory.teacher.replies import WITHOUT_LABEL, ReplyReader
from factory.teacher.requests import (
    LabelKeys,
    Request,
    find_endpoint,
    find_replies,
    key_of,
    label_request,
    write_request,
)
from factory.teacher.votes import count_votes
from factory.teacher.wire import Fault, Reply
from factory.teacher.writing import Wish, as_examples, plan_wishes, write_label

log = logging.getLogger("factory")
Value = TypeVar("Value")
Asked = tuple[Text, int]  # what is asked about, and which sample of the answer it is


class ChatTeacher:
    """Labels and writes by asking a server; every answer is kept in the ledger and never paid for twice.

    The budget is the recipe's, over its whole life. `backoff_seconds` is the scale of the waits between attempts.
    """

    def __init__(
        self, settings: HttpTeacher, *, recipe: str, budget: Budget, ledger: Path, backoff_seconds: float = 1.0
    ) -> None:
        self.usage = Usage()
        self.name = settings.model
        self._settings = settings
        self._recipe = recipe
        self._budget = budget
        self._ledger = ledger
        self._backoff_seconds = backoff_seconds

    @property
    def identity(self) -> dict[str, Any]:
        """The model, where it is, how it is asked; not how fast, nor for how much, unless rows are left out for it."""
        settings = self._settings
        asked = {"temperature": settings.label_temperature, "max_tokens": settings.label_max_tokens}
        prompts = {"prompt": PROMPT_VERSION, "other_kinds": KINDS_VERSION}
        chosen: dict[str, Any] = {
            **({"samples": settings.samples} if settings.samples > 1 else {}),
            **({"logprobs": True} if settings.logprobs else {}),
            **({"reason": REASON_VERSION} if settings.reason else {}),
            **({"budget": self._budget.model_dump()} if self._goes_on else {}),
        }
        return {"model": settings.model, "endpoint": find_endpoint(settings), **asked, **prompts, **chosen}

    def label(self, texts: Sequence[Text], task: Task) -> list[Answer]:
        """Return one answer a text, in the order of `texts`; a text that comes twice is asked about once.

        Of several samples it is what most of them say. Raises TeacherError when the server cannot be asked,
        BudgetError when the next call could exceed the budget, StoreError when the ledger cannot be written; what was
        answered until then costs nothing the next time.
        """
        prompt, reader = LabelPrompt(task, reason=self._settings.reason), ReplyReader(self._settings, task)
        named = LabelKeys(self._settings, prompt)
        keys = {text: named.of(text) for text in dict.fromkeys(texts)}
        asked = {key: (text, sample) for text in keys for sample, key in enumerate(keys[text])}
        with self._opened() as (ledger, account):
            answers, missing = self._recall(ledger, reader, asked)
            if missing:
                account.left = len(missing)
                with self._until_spent(texts):
                    self._run(account, lambda asking: self._label(asking, prompt, reader, missing, answers))
        reader.report(self.name)
        chosen = {text: _combine([answers.get(key) for key in keys[text]], task) for text in keys}
        return [chosen[text] for text in texts]

    def write(self, task: Task, generate: Generate) -> list[Example]:
        """Return the texts that the teacher wrote, label by label; fewer than `generate.rows` where it fell short.

        Raises as `label` does, and TeacherError when no text at all came back.
        """
        prompt, plan = WritePrompt(task, generate), plan_wishes(task, generate)
        if self._goes_on:
            planned = sum(map(len, plan))
            plan = limit_wishes(plan, self._settings, task, generate, self._budget)
            if (fitting := sum(map(len, plan))) < planned:
                log.warning("%d of %d calls may write, as the labels must be paid for too", fitting, planned)
        written: dict[int, list[str]] = {}
        reasons: Counter[str] = Counter()
        with self._opened() as (_, account):
            account.left = calls = sum(map(len, plan))

            async def write(asking: Asking) -> list[list[Example]]:
                async def ask(wish: Wish, earlier: list[str]) -> list[str]:
                    request = write_request(self._settings, prompt, generate, wish, earlier)
                    written[wish.sample] = await self._write(asking, request, wish, reasons)
                    return written[wish.sample]

                return await asking.finish(write_label(wishes, ask, generate.min_new) for wishes in plan)

            with self._until_spent(written):
                self._run(account, write)
        if reasons:
            log.warning("%s: %d of %d calls brought no text: %s", self.name, reasons.total(), calls, dict(reasons))
        wishes = (wish for chain in plan for wish in chain)
        examples = [example for wish in wishes for example in as_examples(wish, written.get(wish.sample, []))]
        if not examples:
            raise TeacherError(f"{self.name} wrote no usable text ({', '.join(reasons)}); try another `teacher.model`")
        return examples

    @property
    def _goes_on(self) -> bool:
        return self._budget.when_spent == "continue"

    @contextmanager
    def _until_spent(self, usable: Collection[Any]) -> Iterator[None]:
        """Go on when the budget is spent, where the recipe says so and there is something `usable` to go on with."""
        try:
            yield
        except BudgetError as stop:
            if not self._goes_on or not usable:
                raise
            log.warning("%s; going on with what was answered", stop)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Ledger, Account]]:
        cached = self.usage.cached
        with closing(Ledger(self._ledger)) as ledger:
            yield ledger, Account(ledger, self._recipe, self._budget, self._settings.price, self.usage)
            ledger.count_served(self._recipe, self.usage.cached - cached)

    def _run(self, account: Account, work: Callable[[Asking], Awaitable[Value]]) -> Value:
        try:
            from factory.teacher.http import Wire
        except ImportError as fault:
            raise TeacherError(f"asking a server needs {fault.name}; pip install 'hf-factory[build]'") from fault

        wire = Wire(self._settings)
        asking = Asking(wire, account, self._settings, self._backoff_seconds)

        async def main() -> Value:
            async with wire:
                return await work(asking)

        return run(main(), asking.end)

    def _recall(
        self, ledger: Ledger, reader: ReplyReader, asked: dict[str, Asked]
    ) -> tuple[dict[str, Answer], dict[str, Asked]]:
        """Return the answers that the ledger has, and what it has none for, both by key."""
        answers = {}
        for key, reply in find_replies(ledger, list(asked)):
            self.usage.cached += 1
            self._note_model(reply)
            answers[key] = reader.read(reply)
        return answers, {key: question for key, question in asked.items() if key not in answers}

    async def _label(
        self, asking: Asking, prompt: LabelPrompt, reader: ReplyReader, asked: dict[str, Asked],
        answers: dict[str, Answer],
    ) -> None:  # fmt: skip
        left = iter(asked.items())

        async def work() -> None:
            for key, (text, sample) in left:
                question = Question(key, self._recipe, "label", example_id(text), self.name)
                try:
                    reply = await asking.ask(question, label_request(self._settings, prompt, text, sample))
                except Fault as fault:
                    answers[key] = Answer(None, fault.reason)
                else:
                    self._note_model(reply)
                    answers[key] = reader.read(reply)

        await asking.finish(work() for _ in range(min(self._settings.concurrency, len(asked))))

    async def _write(self, asking: Asking, request: Request, wish: Wish, reasons: Counter[str]) -> list[str]:
        question = Question(key_of(self._settings, request, wish.sample), self._recipe, "write", None, self.name)
        try:
            reply = await asking.ask(question, request)
        except Fault as fault:
            reasons[fault.reason] += 1
            return []
        self._note_model(reply)
        texts = read_texts(reply.content, wish.order.count)
        if not texts:
            reasons[reply.outcome if reply.outcome in WITHOUT_LABEL else "no list of texts"] += 1
        return texts

    def _note_model(self, reply: Reply) -> None:
        name = reply.model or self.name
        if name != self.name and name not in self.usage.models:
            log.warning("%s was asked for, and the answers come from %s", self.name, name)
        self.usage.models[name] = self.usage.models.get(name, 0) + 1


def _combine(samples: Sequence[Answer | None], task: Task) -> Answer:
    """Return what the samples of one text say together; a text of which one is missing was not asked about in full."""
    answers = [answer for answer in samples if answer is not None]
    if len(answers) < len(samples):
        return Answer(None, OVER_BUDGET)
    return answers[0] if len(answers) == 1 else count_votes(answers, task.names)
