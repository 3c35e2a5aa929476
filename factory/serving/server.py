"""The service as a process: its address is taken before the model is loaded, and it ends after its last request."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from factory.errors import FactoryError
from factory.serving.app import create_app
from factory.serving.served import Readers, load_served

SHUTDOWN_SECONDS = 30
KEEP_ALIVE_SECONDS = 30


@dataclass(frozen=True)
class Started:
    """Where a running service is and which model it serves; `commit` is None for a folder."""

    endpoint: str
    model: str
    revision: str | None
    commit: str | None


def serve(model: str, revision: str | None = None, *, host: str, port: int, ready: Callable[[Started], None]) -> None:
    """Serve a model until SIGTERM or SIGINT, then finish the requests under way and return.

    Port 0 takes any free one. `ready` is called once requests are accepted, which is after the model is loaded.
    Raises FactoryError when the address cannot be had, HubError when the model cannot be loaded.
    """
    with _bind(host, port) as listener:
        served = load_served(model, revision)
        place = f"[{host}]" if ":" in host else host
        started = Started(f"http://{place}:{listener.getsockname()[1]}", served.name, revision, served.commit)
        readers = Readers(served)
        try:
            run(readers, listener, lambda: ready(started))
        finally:
            readers.close()


def run(readers: Readers, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer on a bound socket until a signal; uvicorn raises that again when it is done, to no effect."""
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _Server(readers, ready).run(sockets=[listener])
    finally:
        for number, action in previous.items():
            signal.signal(number, action)


class _Server(uvicorn.Server):
    """Uvicorn that says when it accepts requests; it logs no request, for its path and text are the caller's."""

    def __init__(self, readers: Readers, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(readers),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # unnamed, it keeps the 40 ms of Nagle
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as fault:
        listener.close()
        raise FactoryError(f"{host}:{port} cannot be served ({fault.strerror}); choose another --port") from fault
    return listener
