"""What is sent to a server: the body of a call, and the name under which the ledger keeps its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from factory.data.examples import Text
from factory.recipe import Generate, HttpTeacher
from factory.store import digest_of
from factory.teacher.ledger import Ledger
from factory.teacher.prompts import WRITTEN_TEXT_TOKENS, LabelPrompt, Message, WritePrompt, encode_json
from factory.teacher.wire import Fault, Reply, read_reply
from factory.teacher.writing import Wish

Request = dict[str, Any]
MAX_ALTERNATIVES = 20  # the most that servers tell of one token


def label_request(settings: HttpTeacher, prompt: LabelPrompt, text: Text, sample: int = 0) -> Request:
    """Return the body of the call that asks for the label of `text`; samples after the first have a seed each."""
    temperature, max_tokens = settings.label_temperature, settings.label_max_tokens
    request = _request(settings, prompt.messages(text), prompt.response_format, temperature, max_tokens)
    if settings.logprobs:
        request |= {"logprobs": True, "top_logprobs": min(MAX_ALTERNATIVES, max(5, 2 * len(prompt.names)))}
    return request | {"seed": sample} if sample else request


def write_request(
    settings: HttpTeacher, prompt: WritePrompt, generate: Generate, wish: Wish, written: list[str]
) -> Request:
    """Return the body of the call that asks for the texts of `wish`; each call has a seed of its own."""
    messages = prompt.messages(wish.order, written)
    max_tokens = WRITTEN_TEXT_TOKENS * (wish.order.count + 1)
    request = _request(settings, messages, prompt.response_format, wish.order.temperature, max_tokens)
    return request | {"seed": (generate.seed * 1_000_003 + wish.sample) % 2**31}


def key_of(settings: HttpTeacher, request: Request, sample: int = 0) -> str:
    """Return the name of a question in the ledger: who is asked, everything that is asked, and which sample it is."""
    return digest_of({"endpoint": find_endpoint(settings), "request": request, "sample": sample})


class LabelKeys:
    """The names of questions for labels, as `key_of` gives them; only what differs between them is written anew."""

    def __init__(self, settings: HttpTeacher, prompt: LabelPrompt) -> None:
        self._prompt = prompt
        self._ends = [_around_text(settings, prompt, sample) for sample in range(settings.samples)]

    def of(self, text: Text) -> list[str]:
        """Return the name of each sample of the answer to `text`."""
        written = encode_json(self._prompt.content(text))
        return [hashlib.sha256(f"{head}{written}{tail}".encode()).hexdigest() for head, tail in self._ends]


def find_endpoint(settings: HttpTeacher) -> str:
    """Return host, port and path of the server, without credentials."""
    parts = urlsplit(settings.base_url)
    return parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")


def find_replies(ledger: Ledger, keys: Sequence[str], but: str | None = None) -> Iterator[tuple[str, Reply]]:
    """Yield the key and the answer of those questions that the ledger has an answer to, not one that `but` paid."""
    for key, body in ledger.find(keys, but):
        with suppress(Fault):
            yield key, read_reply(body)


def _around_text(settings: HttpTeacher, prompt: LabelPrompt, sample: int) -> tuple[str, str]:
    """Return what `key_of` hashes before and after the text of a question."""
    request = label_request(settings, prompt, "", sample)
    mark = uuid4().hex
    request["messages"][-1]["content"] = mark
    document = {"endpoint": find_endpoint(settings), "request": request, "sample": sample}
    head, _, tail = json.dumps(document, ensure_ascii=False).partition(f'"{mark}"')
    return head, tail


def _request(
    settings: HttpTeacher, messages: list[Message], response_format: dict[str, Any], temperature: float, tokens: int
) -> Request:
    asked = {"model": settings.model, "messages": messages, "response_format": response_format}
    return asked | {"temperature": temperature, "max_tokens": tokens}
