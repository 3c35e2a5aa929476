"""Many questions at once: how many, how often again, when to stop, and how to stop without losing an answer.

A run ends early in an orderly way only: nothing new is sent, what is in flight is waited for and kept, and then the
reason is raised. That holds for a fault, a spent budget and Ctrl-C (a second Ctrl-C does not wait).
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from factory.errors import FactoryError
from factory.recipe import HttpTeacher
from factory.teacher.budget import Account
from factory.teacher.health import Health
from factory.teacher.interrupt import Stopped
from factory.teacher.ledger import Cost, Question, Result
from factory.teacher.limiter import Limiter
from factory.teacher.prompts import encode_json
from factory.teacher.requests import find_replies
from factory.teacher.wire import Fault, Kind, Reply

if TYPE_CHECKING:
    from factory.teacher.http import Wire

log = logging.getLogger("factory")
Value = TypeVar("Value")

MAX_RECONNECT_SECONDS = 2.0
MAX_BACKOFF_SECONDS = 30.0
TURN_SECONDS = 0.05  # between two looks at whether another one has the answer
OPTIONAL = {
    "response_format": r"response_format|json_schema|guided|structured",
    "seed": r"\bseed\b",
    "logprobs": r"logprob",
    "top_logprobs": r"logprob",
}
# how often until it is left out; response_format has an older form before that
REFUSALS = {"response_format": 2, "seed": 1, "logprobs": 1, "top_logprobs": 1}


class Asking:
    """One run of questions to one server."""

    def __init__(self, wire: Wire, account: Account, teacher: HttpTeacher, backoff_seconds: float) -> None:
        self._wire = wire
        self._account = account
        self._teacher = teacher
        self._backoff_seconds = backoff_seconds
        self._slots = asyncio.Semaphore(1)  # the first call goes alone: a bad key costs one call
        self._turns = account.ledger.turns
        self._limiter = Limiter(teacher.concurrency)
        self._health = Health(teacher)
        self._ending = asyncio.Event()
        self._settled = asyncio.Event()
        self._refused = {name: 0 for name in OPTIONAL}
        self._cause: FactoryError | None = None

    async def ask(self, question: Question, request: dict[str, Any]) -> Reply:
        """Return the reply, the ledger's if somebody else has asked meanwhile.

        Raises Fault when this question stays unanswered, Stopped when the run is ending.
        """
        async with self._slots:
            try:
                reply = await self._ask_in_turn(question, request)
            except FactoryError as fault:
                self._cause = self._cause or fault
                self.end()
                raise Stopped from fault
            except Fault:
                self._account.left -= 1
                raise
        self._account.left -= 1
        return reply

    async def finish(self, work: Iterable[Coroutine[Any, Any, Value]]) -> list[Value]:
        """Return what all of `work` returns; whatever happens, each of them comes to its end first."""
        results = await asyncio.gather(*work, return_exceptions=True)
        if self._cause:
            raise self._cause
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    def end(self) -> None:
        """Send nothing new from now on."""
        self._ending.set()
        self._settled.set()

    async def _ask_in_turn(self, question: Question, request: dict[str, Any]) -> Reply:
        while not self._turns.take(question.key):
            await self._sleep(TURN_SECONDS)
        try:
            for _, reply in find_replies(self._account.ledger, [question.key]):
                self._account.usage.cached += 1
                return reply
            return await self._ask(question, request)
        finally:
            self._turns.give(question.key)

    async def _ask(self, question: Question, request: dict[str, Any]) -> Reply:
        attempts = 0
        while True:
            began = time.monotonic()
            try:
                async with self._limiter:
                    reply = await self._attempt(question, request)
            except Fault as fault:
                if fault.kind in (Kind.BUSY, Kind.OVERLOADED):
                    self._limiter.note_refusal()
                if self._is_simplified(fault, request):
                    continue
                attempts += self._health.counts(fault, began)
                self._health.check(fault, attempts)
                await self._pause(fault, attempts)
            else:
                self._note_answer()
                return reply

    async def _attempt(self, question: Question, request: dict[str, Any]) -> Reply:
        text = encode_json(simplify(request, self._refused))
        bound = self._account.bound(text, request["max_tokens"])
        self._wire.prepare()
        await self._book(question, text, bound)
        began = time.monotonic()
        cost, result = Cost(calls=1), Result("stopped the run")
        try:
            reply = await self._wire.send(text)
        except Fault as fault:
            cost = self._cost_of(fault.kind, fault.tokens, bound)
            result = Result(f"failed: {fault.reason}", fault.detail, None, cost == bound)
            raise
        except asyncio.CancelledError:
            cost, result = bound, Result("interrupted", estimated=True)
            raise
        else:
            cost = self._account.charge(reply.tokens, bound)
            seconds = round(time.monotonic() - began, 3)
            result = Result(reply.outcome, reply.body, reply.model, reply.tokens is None, seconds)
            return reply
        finally:
            self._account.settle(question, bound, cost, result)
            self._settled.set()

    async def _book(self, question: Question, text: str, bound: Cost) -> None:
        while not self._ending.is_set():
            self._settled.clear()
            if self._account.book(question, text, bound):
                return
            await self._settled.wait()
        raise Stopped

    def _cost_of(self, kind: Kind, tokens: tuple[int, int] | None, bound: Cost) -> Cost:
        if kind is Kind.UNREACHED:
            return Cost()
        if kind in (Kind.LOST, Kind.BROKEN):
            return self._account.charge(tokens, bound)
        return Cost(calls=1)

    def _is_simplified(self, fault: Fault, request: dict[str, Any]) -> bool:
        """Say more simply from now on what the server refuses by name; some do so with a 500."""
        if fault.kind not in (Kind.REJECTED, Kind.DOWN):
            return False
        sent = simplify(request, self._refused)
        named = [name for name in OPTIONAL if name in sent and re.search(OPTIONAL[name], fault.detail, re.IGNORECASE)]
        for name in named:
            log.warning("%s refuses `%s`; asking in a simpler way", self._teacher.base_url, name)
            self._refused[name] += 1
        return bool(named)

    async def _pause(self, fault: Fault, attempts: int) -> None:
        """Wait at least half of a time that doubles with each attempt, and never less than the server asks."""
        cap = MAX_RECONNECT_SECONDS if fault.kind is Kind.UNREACHED else MAX_BACKOFF_SECONDS
        seconds = min(cap, self._backoff_seconds * 2**attempts) * random.uniform(0.5, 1.0)
        seconds = max(seconds, (fault.wait_seconds or 0.0) * random.uniform(1.0, 1.25))  # not all at once
        log.debug("%s: %s; again in %.1f s", self._teacher.base_url, fault.reason, seconds)
        await self._sleep(seconds)
        self._account.usage.retries += fault.kind is not Kind.UNREACHED

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)
            raise Stopped

    def _note_answer(self) -> None:
        if self._health.answered is None:
            for _ in range(self._teacher.concurrency - 1):
                self._slots.release()
        self._health.note_answer()
        self._limiter.note_answer()


def simplify(request: dict[str, Any], refused: dict[str, int]) -> dict[str, Any]:
    """Return `request` without what was refused; `response_format` takes its older form before it is left out."""
    gone = {name for name, times in refused.items() if times >= REFUSALS[name]}
    sent = {name: value for name, value in request.items() if name not in gone}
    if refused["response_format"] and "response_format" in sent:
        schema = request["response_format"]["json_schema"]["schema"]
        sent["response_format"] = {"type": "json_object", "schema": schema}
    return sent
