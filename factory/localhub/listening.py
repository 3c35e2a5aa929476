"""Answer HTTP on an address until a signal, for the Hub and for `factory serve`."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

_SHUTDOWN_SECONDS = 30
_KEEP_ALIVE_SECONDS = 30


class _Protocol(H11Protocol):
    """HTTP in which a broken body ends the connection and no more, where its request cannot be answered by a 400."""

    def send_400_response(self, msg: str) -> None:
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # the answer has begun, or is one to HEAD
            self.transport.close()


class Listening(uvicorn.Server):
    """Uvicorn that says when it accepts requests and returns after a signal instead of dying of it.

    It logs no request, for its path and body are the caller's. `settings` are further ones of uvicorn.
    """

    def __init__(self, app: Any, ready: Callable[[], None], **settings: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                **settings,
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


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, port 0 being any free one; raises an OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # unnamed, it keeps the 40 ms of Nagle
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
