"""A teacher behind HTTP: any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from factory.data.examples import Example, Text, example_id
from factory.errors import TeacherError
from factory.recipe import Budget, Generate, HttpTeacher, Task
from factory.store import digest_of
from factory.teacher import Answer, Usage
from factory.teacher.answers import CUT_OFF, FILTERED, REFUSED, Reader, open_reader, read_texts
from factory.teacher.asking import Asking
from factory.teacher.budget import Account
from factory.teacher.interrupt import run
from factory.teacher.ledger import Ledger, Question
from factory.teacher.prompts import (
    KINDS_VERSION,
    PROMPT_VERSION,
    WRITTEN_TEXT_TOKENS,
    LabelPrompt,
    Message,
    WritePrompt,
)
from factory.teacher.wire import Fault, Reply, Wire, read_reply
from factory.teacher.writing import WRITING_TEMPERATURE, Wish, plan_wishes, write_label

log = logging.getLogger("factory")
Value = TypeVar("Value")
Request = dict[str, Any]

WITHOUT_LABEL = {"cut off": CUT_OFF, "filtered": FILTERED, "refused": REFUSED}


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
        """The model, where it is, how it is asked; not how fast, nor for how much."""
        settings = self._settings
        asked = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
        prompts = {"prompt": PROMPT_VERSION, "other_kinds": KINDS_VERSION}
        return {"model": settings.model, "endpoint": find_endpoint(settings), **asked, **prompts}

    def label(self, texts: Sequence[Text], task: Task) -> list[Answer]:
        """Return one answer a text, in the order of `texts`; a text that comes twice is asked about once.

        Raises TeacherError when the server cannot be asked, BudgetError when the next call could exceed the budget,
        StoreError when the ledger cannot be written; what was answered until then costs nothing the next time.
        """
        prompt, reader = LabelPrompt(task), open_reader(task)
        keys = [key_of(self._settings, label_request(self._settings, prompt, text)) for text in texts]
        with self._opened() as (ledger, account):
            answers, missing = self._recall(ledger, reader, dict(zip(keys, texts, strict=True)))
            if missing:
                account.left = len(missing)
                self._run(account, lambda asking: self._label(asking, prompt, reader, missing, answers))
        return [answers[key] for key in keys]

    def write(self, task: Task, generate: Generate) -> list[Example]:
        """Return the texts that the teacher wrote, label by label; fewer than `generate.rows` where it fell short.

        Raises as `label` does, and TeacherError when no text at all came back.
        """
        prompt, plan = WritePrompt(task, generate), plan_wishes(task, generate)
        calls = sum(map(len, plan))
        reasons: Counter[str] = Counter()
        with self._opened() as (ledger, account):
            account.left = calls

            async def write(asking: Asking) -> list[list[Example]]:
                async def ask(wish: Wish, written: list[str]) -> list[str]:
                    request = write_request(self._settings, prompt, generate, wish, written)
                    return await self._write(asking, ledger, account, request, wish, reasons)

                return await asking.finish(write_label(wishes, ask) for wishes in plan)

            examples = [example for found in self._run(account, write) for example in found]
        if reasons:
            log.warning("%s: %d of %d calls brought no text: %s", self.name, reasons.total(), calls, dict(reasons))
        if not examples:
            raise TeacherError(f"{self.name} wrote no usable text ({', '.join(reasons)}); try another `teacher.model`")
        return examples

    @contextmanager
    def _opened(self) -> Iterator[tuple[Ledger, Account]]:
        ledger = Ledger(self._ledger)
        cached = self.usage.cached
        try:
            yield ledger, Account(ledger, self._recipe, self._budget, self._settings.price, self.usage)
            ledger.count_served(self._recipe, self.usage.cached - cached)
        finally:
            ledger.close()

    def _run(self, account: Account, work: Callable[[Asking], Awaitable[Value]]) -> Value:
        wire = Wire(self._settings)
        asking = Asking(wire, account, self._settings, self._backoff_seconds)

        async def main() -> Value:
            async with wire:
                return await work(asking)

        return run(main(), asking.end)

    def _recall(
        self, ledger: Ledger, reader: Reader, texts: dict[str, Text]
    ) -> tuple[dict[str, Answer], dict[str, Text]]:
        """Return the answers that the ledger has, and the texts that it has none for, both by key."""
        answers = {}
        for key, reply in find_replies(ledger, list(texts)):
            self._note_cached(reply)
            answers[key] = _read_label(reply, reader)
        return answers, {key: text for key, text in texts.items() if key not in answers}

    async def _label(
        self, asking: Asking, prompt: LabelPrompt, reader: Reader, texts: dict[str, Text],
        answers: dict[str, Answer],
    ) -> None:  # fmt: skip
        left = iter(texts.items())

        async def work() -> None:
            for key, text in left:
                question = Question(key, self._recipe, "label", example_id(text), self.name)
                try:
                    reply = await asking.ask(question, label_request(self._settings, prompt, text))
                except Fault as fault:
                    answers[key] = Answer(None, fault.reason)
                else:
                    self._note_model(reply)
                    answers[key] = _read_label(reply, reader)

        await asking.finish(work() for _ in range(min(self._settings.concurrency, len(texts))))

    async def _write(
        self, asking: Asking, ledger: Ledger, account: Account, request: Request, wish: Wish, reasons: Counter[str]
    ) -> list[str]:
        key = key_of(self._settings, request, wish.sample)
        reply = dict(find_replies(ledger, [key])).get(key)
        if reply:
            account.left -= 1
            self._note_cached(reply)
        else:
            try:
                reply = await asking.ask(Question(key, self._recipe, "write", None, self.name), request)
            except Fault as fault:
                reasons[fault.reason] += 1
                return []
            self._note_model(reply)
        texts = read_texts(reply.content, wish.order.count)
        if not texts:
            reasons[reply.outcome if reply.outcome in WITHOUT_LABEL else "no list of texts"] += 1
        return texts

    def _note_cached(self, reply: Reply) -> None:
        self.usage.cached += 1
        self._note_model(reply)

    def _note_model(self, reply: Reply) -> None:
        name = reply.model or self.name
        if name != self.name and name not in self.usage.models:
            log.warning("%s was asked for, and the answers come from %s", self.name, name)
        self.usage.models[name] = self.usage.models.get(name, 0) + 1


def label_request(settings: HttpTeacher, prompt: LabelPrompt, text: Text) -> Request:
    """Return the body of the call that asks for the label of `text`."""
    messages = prompt.messages(text)
    return _request(settings, messages, prompt.response_format, settings.temperature, settings.max_tokens)


def write_request(
    settings: HttpTeacher, prompt: WritePrompt, generate: Generate, wish: Wish, written: list[str]
) -> Request:
    """Return the body of the call that asks for the texts of `wish`; each call has a seed of its own."""
    messages = prompt.messages(wish.order, written)
    max_tokens = WRITTEN_TEXT_TOKENS * (wish.order.count + 1)
    request = _request(settings, messages, prompt.response_format, WRITING_TEMPERATURE, max_tokens)
    return request | {"seed": (generate.seed * 1_000_003 + wish.sample) % 2**31}


def key_of(settings: HttpTeacher, request: Request, sample: int = 0) -> str:
    """Return the name of a question in the ledger: who is asked, everything that is asked, and which sample it is."""
    return digest_of({"endpoint": find_endpoint(settings), "request": request, "sample": sample})


def find_endpoint(settings: HttpTeacher) -> str:
    """Return host, port and path of the server, without credentials."""
    parts = urlsplit(settings.base_url)
    return parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")


def find_replies(ledger: Ledger, keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
    """Yield the key and the answer of those questions that the ledger has an answer to."""
    for key, body in ledger.find(keys):
        with suppress(Fault):
            yield key, read_reply(body)


def _request(
    settings: HttpTeacher, messages: list[Message], response_format: dict[str, Any], temperature: float, tokens: int
) -> Request:
    asked = {"model": settings.model, "messages": messages, "response_format": response_format}
    return asked | {"temperature": temperature, "max_tokens": tokens}


def _read_label(reply: Reply, reader: Reader) -> Answer:
    reason = WITHOUT_LABEL.get(reply.outcome)
    return Answer(None, reason) if reason else reader.read(reply.content)
