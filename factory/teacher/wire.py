"""What an OpenAI-compatible server may do with a call, and what each way of failing means.

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
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """How an attempt failed; the table is in the module's docstring."""

    UNREACHED = auto()
    BUSY = auto()
    OVERLOADED = auto()
    DOWN = auto()
    LOST = auto()
    BROKEN = auto()
    REJECTED = auto()


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
