"""An OpenAI-compatible server on loopback that answers from a Python function and can be told to misbehave.

Standard library only. Start it as a context manager; `base_url` is what a recipe's teacher needs:

    with ScriptedTeacher(labels_by(lambda text: "spam" if "win" in text else "ham")) as server:
        teacher = {"model": "scripted", "base_url": server.base_url}
        ...
        assert len(server.asked) == 3

The function gets one `Asked` (the request, already taken apart) and returns what the server does:

    "spam" or any str                  that text is the answer's content
    a dict or list                     its JSON is the answer's content
    Message(...)                       an answer with another finish_reason, refusal, usage or model (None: left out),
                                       or with logprobs, which are told where they were asked for
    Status(429, retry_after="2")       an error; retry_after may be seconds, an HTTP date or garbage
    Raw(b"<html>", length=999)         these bytes with status 200, under a Content-Length that may be a lie
    Hang()                             accepts and says nothing until the client leaves or the server closes
    Dribble(0.01)                      the answer, one byte every so many seconds
    Drop()                             closes the connection without a word

`labels_by(function)` labels by a function of the text, and writes numbered texts, the same for the same request, when
asked to write; `in_turn(a, b, c)` gives its answers in order of arrival and then repeats the last; `slowly(seconds,
answer)` waits first. Requests are kept in `server.asked` in order of arrival; `server.most_at_once` is the largest
number in progress at the same time.
"""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}


@dataclass(frozen=True)
class Asked:
    """One request: its body, headers (lower-case names), place in the order of arrival and time of arrival."""

    number: int
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    seconds: float

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object in the last user message, which is {"text"} to label or {"label", "count", ...} to write."""
        try:
            data = json.loads(self.body["messages"][-1]["content"])
        except (KeyError, IndexError, TypeError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def text(self) -> str | None:
        """The text to be labelled; None when texts are to be written."""
        return self.data.get("text")

    @property
    def is_structured(self) -> bool:
        """Whether a JSON schema was asked for."""
        return "response_format" in self.body


Step = tuple[str, dict[str, float]]


@dataclass(frozen=True)
class Message:
    """An answer with every field open; None leaves the field out, except that `content` becomes null."""

    content: str | None
    finish_reason: str | None = "stop"
    refusal: str | None = None
    usage: dict[str, int] | None = field(default_factory=lambda: dict(USAGE))
    model: str | None = ""  # "" echoes the model that was asked for
    choices: int = 1
    logprobs: tuple[Step, ...] = ()  # each token of `content`, and the probability of all that it could have been


@dataclass(frozen=True)
class Status:
    """An HTTP error with an OpenAI-shaped body, or with `body` as it is."""

    code: int
    retry_after: str | None = None
    message: str = "scripted"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """These bytes; a `length` beyond them is a promise that the server breaks by closing."""

    body: bytes
    length: int | None = None
    content_type: str = "text/html"


@dataclass(frozen=True)
class Hang:
    """Nothing, ever."""


@dataclass(frozen=True)
class Drop:
    """A closed connection."""


@dataclass(frozen=True)
class Dribble:
    """The answer `content`, one byte every `seconds`."""

    seconds: float = 0.01
    content: str = "{}"


Reaction = str | dict[str, Any] | list[Any] | Message | Status | Raw | Hang | Drop | Dribble
Answerer = Callable[[Asked], Reaction]


def labels_by(label: Callable[[str], Any]) -> Answerer:
    """Return an answerer that labels by `label(text)` and writes `count` numbered texts for the label asked for."""

    def answer(asked: Asked) -> Reaction:
        if asked.text is None:
            wish = asked.data
            name = f"{wish['label']} {' '.join(wish.get('attributes', {}).values())}".strip()
            return {"texts": [f"Text {asked.body['seed']}.{n} about {name}." for n in range(wish["count"])]}
        answered = label(asked.text)
        return {"label": answered} if isinstance(answered, str) else answered

    return answer


def in_turn(*reactions: Reaction) -> Answerer:
    """Return an answerer that gives `reactions` in order of arrival, then the last one for ever."""
    return lambda asked: reactions[min(asked.number, len(reactions) - 1)]


def slowly(seconds: float, answer: Answerer) -> Answerer:
    """Return `answer` after a pause."""

    def pause(asked: Asked) -> Reaction:
        time.sleep(seconds)
        return answer(asked)

    return pause


class ScriptedTeacher:
    """The server; it listens from construction to `close()`, which the context manager calls."""

    def __init__(self, answer: Answerer, port: int = 0) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.closing = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Connection)
        self._server.teacher = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """The address up to and including /v1."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def texts(self) -> list[str | None]:
        """The texts that were asked about, in order of arrival."""
        return [asked.text for asked in self.asked]

    def close(self) -> None:
        """Stop listening and cut every connection, so that the port can be listened on again."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> ScriptedTeacher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Asked:
        """Note a request and return it."""
        with self._lock:
            asked = Asked(len(self.asked), path, body, headers, time.monotonic())
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        return asked

    def finish(self) -> None:
        """Note that a request is done with."""
        with self._lock:
            self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    teacher: ScriptedTeacher

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: set[socket.socket] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a client that leaves is part of the play."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        """Note the connection."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        """Answer one request as the script says."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        teacher = self.server.teacher
        asked = teacher.take(self.path, body, {name.lower(): value for name, value in self.headers.items()})
        try:
            if self.path.endswith("/chat/completions"):
                self._react(teacher.answer(asked), asked)
            else:
                self._send(404, b'{"error": {"message": "no such path"}}')
        finally:
            teacher.finish()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _react(self, reaction: Reaction, asked: Asked) -> None:
        match reaction:
            case Status(code, retry_after, message, headers):
                more = dict(headers) if retry_after is None else {**headers, "Retry-After": retry_after}
                self._send(code, json.dumps({"error": {"message": message}}).encode(), more)
            case Raw(body, length, content_type):
                self.close_connection = length is not None
                self._send(200, body, {"Content-Type": content_type}, length)
            case Hang():
                self.close_connection = True
                self.server.teacher.closing.wait()
            case Drop():
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case Dribble(seconds, content):
                self._dribble(_completion(Message(content), asked), seconds)
            case Message():
                self._send(200, _completion(reaction, asked))
            case str():
                self._send(200, _completion(Message(reaction), asked))
            case _:
                self._send(200, _completion(Message(json.dumps(reaction, ensure_ascii=False)), asked))

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.send_response(code)
        shown = {"Content-Type": "application/json", **(headers or {})}
        for name, value in {**shown, "Content-Length": str(len(body) if length is None else length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _dribble(self, body: bytes, seconds: float) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.teacher.closing.wait(seconds):
                return


def _token(step: Step, count: int) -> dict[str, Any]:
    given, shares = step
    told = [{"token": token, "logprob": math.log(share)} for token, share in shares.items()]
    best = sorted(told, key=lambda token: -token["logprob"])[:count]
    return {"token": given, "logprob": math.log(shares.get(given, 1.0)), "top_logprobs": best}


def _completion(message: Message, asked: Asked) -> bytes:
    said = {"role": "assistant", "content": message.content}
    if message.refusal is not None:
        said["refusal"] = message.refusal
    choice: dict[str, Any] = {"index": 0, "message": said, "finish_reason": message.finish_reason}
    if message.logprobs and asked.body.get("logprobs"):
        choice["logprobs"] = {"content": [_token(step, asked.body["top_logprobs"]) for step in message.logprobs]}
    answer: dict[str, Any] = {"id": f"scripted-{asked.number}", "object": "chat.completion", "created": 0}
    answer["choices"] = [choice] * message.choices
    if message.model is not None:
        answer["model"] = message.model or asked.body.get("model")
    if message.usage is not None:
        answer["usage"] = message.usage
    return json.dumps(answer, ensure_ascii=False).encode()
