"""The service as a process: its address is taken before the model is loaded, and it ends after its last request."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from factory.errors import FactoryError
from factory.localhub.listening import Listening, listen
from factory.serving.app import create_app
from factory.serving.served import Readers, load_served


@dataclass(frozen=True)
class Started:
    """Where a running service is and which model it serves; `commit` is None for a folder."""

    endpoint: str
    model: str
    revision: str | None
    commit: str | None


def serve(
    model: str,
    revision: str | None = None,
    others: Sequence[str] = (),
    *,
    host: str,
    port: int,
    ready: Callable[[Started], None],
) -> None:
    """Serve a model until SIGTERM or SIGINT, then finish the requests under way and return.

    `others` are modules of the same base model as `model`, asked for by name. Port 0 takes any free one. `ready` is
    called once requests are accepted, which is after the model is loaded.
    Raises FactoryError when the address cannot be had, HubError when the model cannot be loaded.
    """
    with _listen(host, port) as listener:
        served = load_served(model, revision, others)
        place = f"[{host}]" if ":" in host else host
        started = Started(f"http://{place}:{listener.getsockname()[1]}", served.name, revision, served.commit)
        readers = Readers(served)
        try:
            Listening(create_app(readers), lambda: ready(started)).run(sockets=[listener])
        finally:
            readers.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as fault:
        raise FactoryError(f"{host}:{port} cannot be served ({fault.strerror}); choose another --port") from fault
