"""The ASGI application: a request is matched, authenticated, received within limits and answered or refused."""

import asyncio
import errno
import os
import re
import sqlite3
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from factory.localhub.accounts import Account, authenticate
from factory.localhub.calls import Call, reply
from factory.localhub.cors import answer_preflight, is_preflight, share
from factory.localhub.errors import HubError, Moved
from factory.localhub.pages import read_session, show_refusal, wants_page
from factory.localhub.pages.running import Runner, Runtime
from factory.localhub.pages.session import sign_in
from factory.localhub.remote import Remote, find_client
from factory.localhub.routes import ROUTES
from factory.localhub.routing import MAX_JSON_BYTES, Route, find_route
from factory.localhub.smart_http import read_authorization
from factory.localhub.store import Store
from factory.localhub.throttle import Logins

MAX_PATH_BYTES = 4096
_THREADS = 16
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")
_SIGNED = ("/lfs/", "/xet/")  # these carry a signed token instead of an account's
T = TypeVar("T")


class Hub:
    """The Hub of one store as an ASGI application.

    With `hosts`, a request for any other host name is refused: a page that a browser loads elsewhere must not reach
    a Hub on loopback by pointing its own name there, and may read its answers only if it comes from such a host too.
    With a `runtime`, the pages of models run them.
    """

    def __init__(
        self,
        store: Store,
        *,
        hosts: frozenset[str] | None = None,
        runtime: Runtime | None = None,
        remote: Remote | None = None,
    ) -> None:
        self.store = store
        self._remote = remote
        self._logins = Logins()
        self._runner = Runner(runtime, store.blobs) if runtime else None
        self._hosts = hosts
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="hub")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        call = Call(
            self.store, request.method, request.scope["raw_path"].decode("latin-1"), request.query_params,
            {key.lower(): value for key, value in request.headers.items()}, runner=self._runner,
        )  # fmt: skip
        call.scheme, address = find_client(scope, call.headers, self._remote)
        response = answer_preflight() if is_preflight(call) else await self._answer(request, call, address)
        share(call, response, self._hosts)
        response.headers["X-Request-Id"] = uuid.uuid4().hex
        response.headers["X-Content-Type-Options"] = "nosniff"
        await response(scope, receive, send)

    def close(self) -> None:
        """Wait for the threads that still answer."""
        self._threads.shutdown()
        if self._runner:
            self._runner.close()

    async def _answer(self, request: Request, call: Call, address: str) -> Response:
        try:
            route, limit = await self._in_thread(lambda: self._admit(call, address))
            if call.method not in ("GET", "HEAD"):
                await self._receive(request, call, route, limit)
            return await self._in_thread(lambda: self._call(route, call, address))
        except HubError as refusal:
            if wants_page(call) and not isinstance(refusal, Moved):
                return await self._in_thread(partial(show_refusal, call, refusal))
            return _refuse(refusal)
        except UnicodeEncodeError:
            return _refuse(HubError(400, "A text in the request is not valid Unicode"))
        except ClientDisconnect:
            return Response(status_code=400)
        except sqlite3.OperationalError as fault:
            return _refuse(_database_fault(fault))
        except OSError as fault:
            if fault.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            return _refuse(HubError(507, f"The disk of the Hub is full: free some space under {self.store.root}"))
        finally:
            if call.file is not None:
                call.file.unlink(missing_ok=True)

    def _admit(self, call: Call, address: str) -> tuple[Route, int]:
        if len(call.raw_path) > MAX_PATH_BYTES:
            raise HubError(414, f"The path is longer than {MAX_PATH_BYTES} bytes")
        if self._hosts is not None and call.headers.get("host", "").rsplit(":", 1)[0].lower() not in self._hosts:
            raise HubError(421, "This Hub listens on loopback and answers under its own name only")
        route, call.params = find_route(ROUTES, call.method, call.raw_path)
        if not call.raw_path.startswith(_SIGNED):
            call.account = self._authenticate(call, address) or read_session(call)
        if route.endpoint is sign_in:
            self._logins.check(address, "")
        return route, route.guard(call) if route.guard else MAX_JSON_BYTES

    def _call(self, route: Route, call: Call, address: str) -> Response:
        response = route.endpoint(call)
        if route.endpoint is sign_in and response.status_code == 403:
            self._logins.fail(address)
        return response

    def _authenticate(self, call: Call, address: str) -> Account | None:
        authorization = read_authorization(call)
        if not authorization:
            return None
        self._logins.check(address, authorization)
        try:
            account = authenticate(self.store, authorization)
        except HubError:
            self._logins.fail(address)
            raise
        self._logins.succeed(address, authorization)
        return account

    async def _receive(self, request: Request, call: Call, route: Route, limit: int) -> None:
        too_large = HubError(413, f"The body is larger than the {limit} bytes that are accepted here")
        if int(request.headers.get("content-length", "0")) > limit:
            raise too_large
        if route.guard is None:
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
            call.body = bytes(body)
            return
        descriptor, name = tempfile.mkstemp(dir=self.store.blobs.incoming)
        call.file, size = Path(name), 0
        with os.fdopen(descriptor, "wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise too_large
                self.store.blobs.disk.write(file, chunk)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _refuse(refusal: HubError) -> Response:
    """Return a refusal as the clients read it: the sentence in the body and, in ASCII, in a header."""
    message = refusal.message.encode(errors="replace").decode()
    headers = {"X-Error-Message": _CONTROL.sub(" ", message.encode("ascii", "replace").decode())}
    if refusal.code:
        headers["X-Error-Code"] = refusal.code
    if isinstance(refusal, Moved):
        headers["Location"] = refusal.location
    headers |= refusal.headers
    return reply({"error": message, **refusal.body}, refusal.status, headers)


def _database_fault(fault: sqlite3.OperationalError) -> HubError:
    if "locked" in str(fault):
        return HubError(409, "Another change is being written: try again")
    if "full" in str(fault) or "disk I/O" in str(fault):
        return HubError(507, "The disk of the Hub is full or broken")
    raise fault
