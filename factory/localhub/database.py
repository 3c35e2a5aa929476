"""The SQLite index: its schema, one connection a thread, and the transaction every change goes through."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.localhub.errors import HubError

BUSY_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (                                    -- an owner makes it an organisation
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    owner_id INTEGER REFERENCES users(id), created TEXT NOT NULL);
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    role TEXT NOT NULL, label TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE repos (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL,
    namespace TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
    private INTEGER NOT NULL, gated TEXT NOT NULL DEFAULT '', created TEXT NOT NULL, updated TEXT NOT NULL,
    card TEXT NOT NULL DEFAULT '{}', tags TEXT NOT NULL DEFAULT '[]', config TEXT NOT NULL DEFAULT '{}',
    pipeline_tag TEXT, library_name TEXT, space TEXT NOT NULL DEFAULT '{}',
    UNIQUE (type, namespace, name));
CREATE TABLE moves (
    type TEXT NOT NULL, namespace TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE, PRIMARY KEY (type, namespace, name));
CREATE TABLE access (
    id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id), status TEXT NOT NULL, created TEXT NOT NULL,
    UNIQUE (repo_id, user_id));
CREATE TABLE blobs (
    oid TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, lfs INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX blobs_by_content ON blobs (sha256);
CREATE TABLE trees (oid TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE commits (
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE, oid TEXT NOT NULL, tree TEXT NOT NULL,
    parent TEXT, author TEXT NOT NULL, seconds INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (repo_id, oid));
CREATE TABLE refs (
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE, name TEXT NOT NULL, oid TEXT NOT NULL,
    PRIMARY KEY (repo_id, name));
CREATE TABLE uploads (                                  -- who proved to have which bytes: the right to commit them
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE, sha256 TEXT NOT NULL,
    PRIMARY KEY (repo_id, sha256)) WITHOUT ROWID;
CREATE TABLE xorbs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, hash TEXT NOT NULL,
    lengths BLOB NOT NULL, created REAL NOT NULL, UNIQUE (user_id, hash));
CREATE TABLE spans (
    xorb_id INTEGER NOT NULL REFERENCES xorbs(id) ON DELETE CASCADE, first INTEGER NOT NULL, last INTEGER NOT NULL,
    sha256 TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (xorb_id, first, last, sha256, offset)) WITHOUT ROWID;
CREATE TABLE discussions (                              -- a base makes it a pull request
    id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    num INTEGER NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL,
    base TEXT, base_oid TEXT, merge_oid TEXT, UNIQUE (repo_id, num));
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, discussion_id INTEGER NOT NULL REFERENCES discussions(id) ON DELETE CASCADE,
    type TEXT NOT NULL, author TEXT NOT NULL, created TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, slug TEXT NOT NULL, title TEXT NOT NULL,
    description TEXT, private INTEGER NOT NULL, theme TEXT NOT NULL, position INTEGER NOT NULL, updated TEXT NOT NULL);
CREATE TABLE collection_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    type TEXT NOT NULL, item TEXT NOT NULL, note TEXT, position INTEGER NOT NULL,
    UNIQUE (collection_id, type, item));
CREATE TABLE space_values (
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE, kind TEXT NOT NULL, key TEXT NOT NULL,
    value TEXT, description TEXT, updated TEXT NOT NULL, PRIMARY KEY (repo_id, kind, key));
"""

_ADDED = """
CREATE TABLE IF NOT EXISTS profiles (
    user_id INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE, full_name TEXT NOT NULL,
    private INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS members (
    organization_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, role TEXT NOT NULL,
    PRIMARY KEY (organization_id, user_id));
CREATE TABLE IF NOT EXISTS likes (
    repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, created TEXT NOT NULL,
    PRIMARY KEY (repo_id, user_id));
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    url TEXT NOT NULL, secret TEXT, watched TEXT NOT NULL, domains TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0, trouble TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhooks(id) ON DELETE CASCADE,
    payload TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL);
ALTER TABLE tokens ADD COLUMN expires REAL;
ALTER TABLE tokens ADD COLUMN repos TEXT;
"""
_STEPS = (_SCHEMA, _ADDED)  # step N leads from version N to the next
SCHEMA_VERSION = len(_STEPS)


def check_version(version: int, path: Path, advice: str) -> None:
    """Raise a HubError with `advice` when an index is of a schema that this hf-factory does not know."""
    if version > SCHEMA_VERSION:
        known = f"of a newer hf-factory and this one reads up to {SCHEMA_VERSION}"
        raise HubError(500, f"{path} has schema {version} {known}: {advice}")


class Database:
    """One SQLite file in WAL mode, shared by the threads of this process and by other processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            check_version(version, path, "upgrade hf-factory, or use another --root")
            for step in _STEPS[version:]:
                for statement in step.strip().split(";\n"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode: for reads; changes go through `transaction`."""
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is not None:
            return existing
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -1000"):
            connection.execute(f"PRAGMA {pragma}")
        self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the one write lock: everything inside happens or none of it does."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:  # a commit that failed on a full disk keeps the lock until it is taken back
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close this thread's connection."""
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is not None:
            existing.close()
            self._local.connection = None
