"""Running demos, noted in the Hub's directory by who runs them, shown on the pages of their Spaces."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

_CONNECT_SECONDS = 0.2


@contextmanager
def noted_demo(root: Path, repo_id: str, port: int) -> Iterator[None]:
    """Note in the Hub kept in `root` that a Space's demo runs on a port of loopback, until the block ends."""
    note = _note(root, repo_id)
    note.parent.mkdir(exist_ok=True)
    note.write_text(json.dumps({"port": port}), encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def find_demo(root: Path, repo_id: str) -> str | None:
    """Return the address of a Space's demo, None unless one is noted and something answers there."""
    try:
        port = int(json.loads(_note(root, repo_id).read_text(encoding="utf-8"))["port"])
        socket.create_connection(("127.0.0.1", port), _CONNECT_SECONDS).close()
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return f"http://127.0.0.1:{port}"


def _note(root: Path, repo_id: str) -> Path:
    return root / "demos" / f"{quote(repo_id.lower(), safe='')}.json"
