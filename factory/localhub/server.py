"""The Hub as a process: bound to an address, ready when it says so, gone after its last request."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from factory.localhub.accounts import create_token, ensure_user, revoke_token
from factory.localhub.app import Hub
from factory.localhub.store import Store

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SHUTDOWN_SECONDS = 30
_KEEP_ALIVE_SECONDS = 30
_MAX_HEADER_BYTES = 32 * 2**10
_MAX_CONNECTIONS = 512


@dataclass(frozen=True)
class Started:
    """Where a running Hub is and how its default user reaches it."""

    endpoint: str
    token: str
    root: Path
    user: str


def serve(root: Path, *, host: str = "127.0.0.1", port: int = 7870, ready: Callable[[Started], None]) -> None:
    """Serve the Hub kept in `root` until SIGTERM or SIGINT, then finish the requests under way and return.

    Port 0 takes any free one. `ready` is called once, when requests are accepted, with a token that is good until
    then; raises an OSError when the address is taken.
    """
    store = Store(root.resolve())
    listener = _listen(host, port)
    with store.transaction() as db:
        token = create_token(db, ensure_user(db, store.default_user), token=None, role="write", label="hub serve")
    shown = f"[{host}]" if ":" in host else host
    started = Started(f"http://{shown}:{listener.getsockname()[1]}", token, store.root, store.default_user)
    hosts = frozenset((*_LOOPBACK, shown.lower())) if _is_loopback(listener) else None
    hub = Hub(store, hosts=hosts)
    try:
        _Server(hub, lambda: ready(started)).run(sockets=[listener])
    finally:
        hub.close()
        with store.transaction() as db:
            revoke_token(db, token)
        store.close()
        listener.close()


class _Server(uvicorn.Server):
    """Uvicorn that reports when it is ready and returns after a signal instead of dying of it."""

    def __init__(self, hub: Hub, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                hub,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
                limit_concurrency=_MAX_CONNECTIONS,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await asyncio.to_thread(self._ready)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        previous = [signal.signal(number, self.handle_exit) for number in numbers]
        try:
            yield
        finally:
            for number, action in zip(numbers, previous, strict=True):
                signal.signal(number, action)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # unnamed, it keeps the 40 ms of Nagle
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _is_loopback(listener: socket.socket) -> bool:
    address = str(listener.getsockname()[0])
    return address.startswith("127.") or address == "::1"
