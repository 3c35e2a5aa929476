"""One HTTP exchange with an OpenAI-compatible server, and what each way of failing means.

Kind       what happened                               counts  billed  then
UNREACHED  no connection                               no      no      again, for as long as an outage may last
BUSY       429                                         yes*    no      again, not before Retry-After; fewer at once
OVERLOADED 503, 529                                    yes     no      again, not before Retry-After; fewer at once
DOWN       408, 409, other 5xx                         yes     no      again
LOST       502, 504, deadline, connection closed       yes     maybe   again
BROKEN     200, but no answer in it                    yes     yes     again
REJECTED   400, 413, 422                               yes     no      this text stays unanswered
TeacherError: 401, 402, 403, 404, a redirect, ...      yes     no      the run stops; what is answered is kept
(* not while the server answers other calls)

Redirects are not followed: the key would go wherever they lead.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any

import httpx2
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # public, but not listed for checkers

from factory import __version__
from factory.errors import TeacherError
from factory.recipe import HttpTeacher
from factory.teacher.keys import Key, find_key, is_loopback

MAX_REPLY_BYTES = 2_000_000
CONNECT_SECONDS = 4.0
KEEPALIVE_SECONDS = 3.0  # less than a server's (uvicorn: 5), lest it hangs up on the call that comes next
TOO_LONG = re.compile(r"context|too (?:long|large|many)|maximum|length", re.IGNORECASE)


class Kind(Enum):
    """How an attempt failed; the table is in the module's docstring."""

    UNREACHED = auto()
    BUSY = auto()
    OVERLOADED = auto()
    DOWN = auto()
    LOST = auto()
    BROKEN = auto()
    REJECTED = auto()


SERVER_ERRORS = {502: Kind.LOST, 504: Kind.LOST, 503: Kind.OVERLOADED, 529: Kind.OVERLOADED}


class Fault(Exception):
    """An attempt that brought no answer; `reason` is short and the same for equal failures, `detail` is not."""

    def __init__(self, kind: Kind, reason: str, detail: str = "", wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.wait_seconds = wait_seconds
        self.tokens: tuple[int, int] | None = None


@dataclass(frozen=True)
class Reply:
    """An answer: its raw body, one of `ledger_sql.COMPLETE`, the text, who gave it, tokens in and out if told."""

    body: str
    outcome: str
    content: str
    model: str | None
    tokens: tuple[int, int] | None


class Wire:
    """Sends requests to one server and reads its replies; an async context manager.

    It is an own httpx2 client with huggingface_hub's headers, not `get_async_session()`: that one takes its pool size
    from a process-wide factory, which would have to be replaced under whoever else uses it.
    """

    def __init__(self, teacher: HttpTeacher) -> None:
        seconds = teacher.timeout_seconds
        self._teacher = teacher
        self._key: Key | None = None
        self._headers: dict[str, str] = {}
        self._client = httpx2.AsyncClient(
            limits=httpx2.Limits(
                max_connections=teacher.concurrency,
                max_keepalive_connections=teacher.concurrency,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
            timeout=httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds), pool=None),
            trust_env=not is_loopback(teacher.base_url),  # a proxy has no business between a machine and itself
        )

    def prepare(self) -> None:
        """Look up the key, once; raises TeacherError when there is none, before a call is booked."""
        if not self._headers:
            self._key = find_key(self._teacher)
            token = self._key.secret if self._key else False
            self._headers = build_hf_headers(token=token, library_name="hf-factory", library_version=__version__)
            self._headers["content-type"] = "application/json"

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, request: str) -> Reply:
        """Return the reply to one request; raises Fault, or TeacherError for what no other attempt can mend."""
        try:
            async with asyncio.timeout(self._teacher.timeout_seconds):
                status, headers, body = await self._exchange(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as fault:
            raise Fault(Kind.UNREACHED, "no connection", str(fault) or type(fault).__name__) from fault
        except (TimeoutError, httpx2.TimeoutException) as fault:
            raise Fault(Kind.LOST, f"no answer in {self._teacher.timeout_seconds:g} s") from fault
        except httpx2.RequestError as fault:
            raise Fault(Kind.LOST, "connection lost", str(fault)) from fault
        return read_reply(body) if status == 200 else self._refuse(status, headers, body)

    async def _exchange(self, request: str) -> tuple[int, Mapping[str, str], str]:
        url = self._teacher.base_url.rstrip("/") + "/chat/completions"
        async with self._client.stream("POST", url, content=request.encode(), headers=self._headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_REPLY_BYTES:
                    raise Fault(Kind.BROKEN, f"an answer of more than {MAX_REPLY_BYTES} bytes")
        text = body.decode("utf-8", "replace")
        return response.status_code, response.headers, text.replace(self._key.secret, "[key]") if self._key else text

    def _refuse(self, status: int, headers: Mapping[str, str], body: str) -> Reply:
        detail = _read_message(body)
        if status in (400, 413, 422):
            is_long = status == 413 or TOO_LONG.search(detail)
            raise Fault(Kind.REJECTED, "too long" if is_long else f"rejected (HTTP {status})", detail)
        wait_seconds = read_retry_after(headers.get("retry-after"))
        if status == 429:
            raise Fault(Kind.BUSY, "rate limit (HTTP 429)", detail, wait_seconds)
        if status in (408, 409) or status >= 500:
            kind = SERVER_ERRORS.get(status, Kind.DOWN)
            raise Fault(kind, f"server error (HTTP {status})", detail, wait_seconds)
        raise TeacherError(self._explain(status, detail, headers.get("location", "")))

    def _explain(self, status: int, detail: str, location: str) -> str:
        server, model = self._teacher.base_url, self._teacher.model
        name = self._key.name if self._key else self._teacher.api_key_env or "FACTORY_TEACHER_API_KEY"
        said = f" (HTTP {status}: {detail})" if detail else f" (HTTP {status})"
        if 300 <= status < 400:
            return f"{server} redirects to {location or 'nowhere'}{said}; set `teacher.base_url` to the final address"
        if status == 401:
            return f"{server} does not accept the key{said}; set {name} to a valid one"
        if status == 402:
            return f"{server} wants to be paid{said}; add credit there and run again: answers so far are kept"
        if status == 403:
            return f"{server} does not let {name} use {model}{said}; ask for access, or choose another `teacher.model`"
        if status == 404:
            return f"{server} does not know {model}{said}; check `teacher.model` and `teacher.base_url`"
        return f"{server} answered what cannot be used{said}; check `teacher.base_url`"


def read_reply(body: str) -> Reply:
    """Return what a chat completion says; raises Fault when there is no answer in it."""
    try:
        data = json.loads(body)
        choice = data["choices"][0]
        message = choice["message"]
        finish, content, refusal = choice.get("finish_reason"), message.get("content"), message.get("refusal")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as fault:
        raise Fault(Kind.BROKEN, "broken answer", body[:200]) from fault
    tokens, model = _read_usage(data.get("usage")), data.get("model")
    text = _join(content)
    outcomes = {"length": "cut off", "content_filter": "filtered"}
    outcome = "refused" if refusal else outcomes.get(finish, "answered")
    if outcome == "answered" and not text.strip():
        empty = Fault(Kind.BROKEN, "empty answer", body[:200])
        empty.tokens = tokens
        raise empty
    return Reply(body, outcome, text, model if isinstance(model, str) else None, tokens)


def read_retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, in either of its forms; None for one that cannot be read."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value, re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _join(content: Any) -> str:
    if isinstance(content, list):  # the other form in which a message may come: parts
        return "".join(_join(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _read_usage(usage: Any) -> tuple[int, int] | None:
    told = usage if isinstance(usage, dict) else {}
    counts = [told.get(name) for name in ("prompt_tokens", "completion_tokens")]
    known = [count for count in counts if type(count) is int and count >= 0]
    return (known[0], known[1]) if len(known) == len(counts) else None


def _read_message(body: str) -> str:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = body
    while isinstance(data, dict):
        data = data.get("error") or data.get("message") or data.get("detail") or ""
    return " ".join(str(data).split())[:300]
