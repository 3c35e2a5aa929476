"""The embedded Hub as a child process that never outlives its parent.

The child watches its stdin: the kernel closes the other end when the parent ends, however it ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from factory.errors import HubError

USUAL_PORT = 7870  # that of `factory hub serve`: links printed by one command open while the other runs
PACKAGES = ("starlette", "uvicorn", "lz4", "pathspec", "jinja2")


@dataclass(frozen=True)
class Access:
    """An address and a token for it; `user` where it is known without asking."""

    endpoint: str
    token: str | None = None
    user: str | None = None


@contextmanager
def embedded_hub(root: Path) -> Iterator[Access]:
    """Serve the Hub kept in `root` on loopback, in a process of its own, until the block ends.

    Raises HubError when a package is missing or the server does not start.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise HubError(f"the embedded Hub needs {', '.join(missing)}; pip install 'hf-factory[hub]'")
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-m", "factory.hub.embedded", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for the parent, which may be in the middle of a commit
        ) as server,
    ):
        if line := next(iter(server.stdout or ()), b""):
            yield Access(**json.loads(line))
        else:
            errors.seek(0)
            raise HubError(f"{root}: the embedded Hub did not start ({_last_line(errors)}); check: factory hub verify")


def main() -> None:
    """Serve the Hub of the folder in the first argument until stdin closes or a signal comes."""
    from factory.localhub.server import Started, serve

    def announce(started: Started) -> None:
        access = {"endpoint": started.endpoint, "token": started.token, "user": started.user}
        print(json.dumps(access), flush=True)  # noqa: T201 - this line is the interface to the parent

    threading.Thread(target=_end_with_parent, daemon=True).start()
    root = Path(sys.argv[1])
    try:
        serve(root, port=USUAL_PORT, ready=announce)
    except OSError:
        serve(root, port=0, ready=announce)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _last_line(errors: IO[bytes]) -> str:
    return (errors.read().decode(errors="replace").strip().splitlines() or ["no message"])[-1]


if __name__ == "__main__":
    main()
