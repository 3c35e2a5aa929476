"""The Hub as a process: bound to an address, ready when it says so, gone after its last request."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from factory.localhub.accounts import create_token, ensure_user, revoke_token
from factory.localhub.app import Hub
from factory.localhub.deliveries import LOOPBACK, Sender
from factory.localhub.listening import Listening, listen
from factory.localhub.pages.running import Runtime
from factory.localhub.remote import Remote, check_address
from factory.localhub.store import Store

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_MAX_HEADER_BYTES = 32 * 2**10
_MAX_CONNECTIONS = 512


@dataclass(frozen=True)
class Started:
    """Where a running Hub is and how its default user reaches it."""

    endpoint: str
    token: str
    root: Path
    user: str


def serve(
    root: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 7870,
    ready: Callable[[Started], None],
    webhook_hosts: Collection[str] = (),
    runtime: Runtime | None = None,
    remote: Remote | None = None,
) -> None:
    """Serve the Hub kept in `root` until SIGTERM or SIGINT, then finish the requests under way and return.

    Port 0 takes any free one. `ready` is called once, when requests are accepted, with a token that is good until
    then; webhooks call `webhook_hosts` and, from a Hub on loopback, loopback. A Hub on loopback runs models for
    their pages with `runtime`; one that others reach runs nothing of theirs. Other machines connect
    as `remote` says and else not at all. Raises an OSError when the address is taken, a HubError for one that is not
    loopback without `remote`.
    """
    check_address(host, remote)
    store = Store(root.resolve())
    listener = listen(host, port)
    with store.transaction() as db:
        token = create_token(db, ensure_user(db, store.default_user), token=None, role="write", label="hub serve")
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if remote and remote.certificate else "http"
    started = Started(f"{scheme}://{shown}:{listener.getsockname()[1]}", token, store.root, store.default_user)
    hosts = frozenset((*_LOOPBACK, shown.lower())) if remote is None else None
    hub = Hub(store, hosts=hosts, runtime=runtime if hosts else None, remote=remote)
    sender = Sender(store, started.endpoint, {*webhook_hosts, *(LOOPBACK if hosts else ())})
    sender.start()
    try:
        limits = {"h11_max_incomplete_event_size": _MAX_HEADER_BYTES, "limit_concurrency": _MAX_CONNECTIONS}
        tls = remote.settings if remote else {}
        Listening(hub, lambda: ready(started), **limits, **tls).run(sockets=[listener])
    finally:
        hub.close()
        sender.stop()
        with store.transaction() as db:
            revoke_token(db, token)
        store.close()
        listener.close()
