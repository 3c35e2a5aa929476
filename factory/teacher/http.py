"""HTTP exchanges with an OpenAI-compatible server; whoever only reads what the ledger has does not import this.

The client is aiohttp's: with it a call and all that a teacher does around it (prompt, ledger, budget, reading the
answer) took 0.74 ms of CPU time with 16 at once, 0.79 times what an httpx2 client alone took (`python -m benchmarks
engine`). Headers and certificates are those of huggingface_hub. Redirects are not followed: the key would go wherever
they lead.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # public, but not listed for checkers

from factory import __version__
from factory.errors import TeacherError
from factory.recipe import HttpTeacher
from factory.teacher.keys import Key, find_key, is_loopback
from factory.teacher.wire import Fault, Kind, Reply, read_reply, read_retry_after

MAX_REPLY_BYTES = 2_000_000
CONNECT_SECONDS = 4.0
KEEPALIVE_SECONDS = 3.0  # less than a server's (uvicorn: 5), lest it hangs up on the call that comes next
TOO_LONG = re.compile(r"context|too (?:long|large|many)|maximum|length", re.IGNORECASE)
SERVER_ERRORS = {502: Kind.LOST, 504: Kind.LOST, 503: Kind.OVERLOADED, 529: Kind.OVERLOADED}
UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)


class Wire:
    """Sends requests to one server and reads its replies; an async context manager."""

    _session: aiohttp.ClientSession

    def __init__(self, teacher: HttpTeacher) -> None:
        self._teacher = teacher
        self._url = teacher.base_url.rstrip("/") + "/chat/completions"
        self._proxy = _find_proxy(teacher.base_url)
        self._key: Key | None = None
        self._headers: dict[str, str] = {}

    def prepare(self) -> None:
        """Look up the key, once; raises TeacherError when there is none, before a call is booked."""
        if not self._headers:
            self._key = find_key(self._teacher)
            token = self._key.secret if self._key else False
            self._headers = build_hf_headers(token=token, library_name="hf-factory", library_version=__version__)
            self._headers["content-type"] = "application/json"
            if "@" in urlsplit(self._url).netloc:  # a name and a password, which take the key's place
                self._headers.pop("authorization", None)

    async def __aenter__(self) -> Wire:
        teacher = self._teacher
        connector = aiohttp.TCPConnector(
            limit=teacher.concurrency, keepalive_timeout=KEEPALIVE_SECONDS, ssl=_trust(teacher.base_url)
        )
        connect_seconds = min(CONNECT_SECONDS, teacher.timeout_seconds)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, request: str) -> Reply:
        """Return the reply to one request; raises Fault, or TeacherError for what no other attempt can mend."""
        try:
            async with asyncio.timeout(self._teacher.timeout_seconds):
                status, headers, body = await self._exchange(request)
        except UNREACHED as fault:
            raise Fault(Kind.UNREACHED, "no connection", str(fault) or type(fault).__name__) from fault
        except TimeoutError as fault:
            raise Fault(Kind.LOST, f"no answer in {self._teacher.timeout_seconds:g} s") from fault
        except (aiohttp.ClientError, OSError) as fault:
            raise Fault(Kind.LOST, "connection lost", str(fault)) from fault
        return read_reply(body) if status == 200 else self._refuse(status, headers, body)

    async def _exchange(self, request: str) -> tuple[int, Mapping[str, str], str]:
        posted = self._session.post(
            self._url, data=request.encode(), headers=self._headers, proxy=self._proxy, allow_redirects=False
        )
        async with posted as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_REPLY_BYTES:
                    raise Fault(Kind.BROKEN, f"an answer of more than {MAX_REPLY_BYTES} bytes")
        text = body.decode("utf-8", "replace")
        return response.status, response.headers, text.replace(self._key.secret, "[key]") if self._key else text

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


def _find_proxy(base_url: str) -> str | None:
    """Return the proxy that the environment names; none has business between a machine and itself."""
    parts = urlsplit(base_url)
    if is_loopback(base_url) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _trust(base_url: str) -> ssl.SSLContext | bool:
    """Return the certificates that huggingface_hub goes by, SSL_CERT_FILE among them; reading them takes a while."""
    if urlsplit(base_url).scheme != "https":
        return True
    from httpx2 import create_ssl_context

    return create_ssl_context()


def _read_message(body: str) -> str:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = body
    while isinstance(data, dict):
        data = data.get("error") or data.get("message") or data.get("detail") or ""
    return " ".join(str(data).split())[:300]
