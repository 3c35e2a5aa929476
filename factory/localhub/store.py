"""One Hub's directory: the index, the blobs, the signing secret and the identity clients key their caches on."""

import os
import secrets
import sqlite3
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from factory.localhub.blobs import BlobStore
from factory.localhub.database import Database
from factory.localhub.disk import Disk

DEFAULT_USER = "local"


class Store:
    """Everything a Hub keeps, in one directory that only its owner can read."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        self.xorbs = root / "xorbs"
        self.xorbs.mkdir(exist_ok=True)
        self.blobs = BlobStore(root, disk or Disk())
        self._database = Database(root / "hub.sqlite")
        self.secret = _read_secret(root / "secret")
        self._remember("instance", secrets.token_hex(8))
        self._remember("user", DEFAULT_USER)

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection, for reads."""
        return self._database.connection

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the write lock of the index for a block that happens as a whole or not at all."""
        return self._database.transaction()

    def close(self) -> None:
        self._database.close()

    @property
    def default_user(self) -> str:
        return self._meta("user")

    @property
    def instance(self) -> str:
        """The id in Xet's URLs: hf_xet remembers by URL what a server has, so one that forgot needs a new id."""
        return self._meta("instance")

    def renew_instance(self, db: sqlite3.Connection) -> None:
        db.execute("UPDATE meta SET value = ? WHERE key = 'instance'", (secrets.token_hex(8),))

    def _remember(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))

    def _meta(self, key: str) -> str:
        return str(self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])


def open_existing(root: Path) -> Store:
    """Open the Hub in a directory; raises a FileNotFoundError where there is none."""
    if not (root / "hub.sqlite").is_file():
        raise FileNotFoundError(f"{root} holds no Hub: name the directory with --root, or fill one with hub import")
    return Store(root)


def timestamp() -> str:
    """Return the time as the Hub writes it: UTC, milliseconds, Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_seconds(seconds: int) -> str:
    """Return a commit's Unix time as the Hub writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _read_secret(path: Path) -> bytes:
    if not path.exists():
        fresh = path.with_name(f"secret.{secrets.token_hex(4)}")
        fresh.touch(0o600)
        fresh.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(fresh, path)  # the first of two processes wins, whole
        fresh.unlink()
    return path.read_bytes()
