"""Garbage collection: what no ref leads to goes, unless it is so young that an upload under way may need it."""

import shutil
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from factory.localhub import git
from factory.localhub.store import Store

GRACE_SECONDS = 24 * 3600.0


def sweep(store: Store, *, grace_seconds: float = GRACE_SECONDS) -> int:
    """Delete the unreachable and return the bytes freed; it holds the write lock, so no commit sees half of it."""
    before = time.time() - grace_seconds
    with store.transaction() as db:
        commits, trees, oids = find_reachable(db)
        _keep_only(db, "commits", "repo_id || ':' || oid", {f"{repo_id}:{oid}" for repo_id, oid in commits})
        _keep_only(db, "trees", "oid", trees)
        wanted = _contents(db, oids)
        freed = _remove_blobs(store, db, wanted, before)
        freed += _remove_xorbs(store, db, before)
    return freed + _remove_incoming(store, before)


def find_reachable(db: sqlite3.Connection) -> tuple[set[tuple[int, str]], set[str], set[str]]:
    """Return the commits (by repository), trees and git blob ids that refs and pull requests lead to."""
    roots = list(db.execute("SELECT repo_id, oid FROM refs"))
    roots += db.execute("SELECT repo_id, base_oid FROM discussions WHERE base_oid IS NOT NULL")
    commits: set[tuple[int, str]] = set()
    trees: set[str] = set()
    oids: set[str] = set()
    for repo_id, oid in roots:
        while oid is not None and (repo_id, oid) not in commits:
            commits.add((repo_id, oid))
            row = db.execute(
                "SELECT tree, parent FROM commits WHERE repo_id = ? AND oid = ?", (repo_id, oid)
            ).fetchone()
            if row is None:
                break
            _walk(db, row["tree"], trees, oids)
            oid = row["parent"]
    return commits, trees, oids


def _walk(db: sqlite3.Connection, tree: str, trees: set[str], oids: set[str]) -> None:
    if tree in trees:
        return
    trees.add(tree)
    row = db.execute("SELECT content FROM trees WHERE oid = ?", (tree,)).fetchone()
    for entry in git.decode_tree(row["content"]) if row else []:
        if entry.is_directory:
            _walk(db, entry.oid, trees, oids)
        else:
            oids.add(entry.oid)


def _keep_only(db: sqlite3.Connection, table: str, key: str, kept: set[str]) -> None:
    gone = [(value,) for (value,) in db.execute(f"SELECT {key} FROM {table}") if value not in kept]
    db.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)


def _contents(db: sqlite3.Connection, oids: set[str]) -> set[str]:
    return {sha256 for oid, sha256 in db.execute("SELECT oid, sha256 FROM blobs") if oid in oids}


def _remove_blobs(store: Store, db: sqlite3.Connection, wanted: set[str], before: float) -> int:
    freed = 0
    for path in store.blobs.folder.glob("??/*"):
        state = path.stat()
        if path.name not in wanted and state.st_mtime < before:
            for table in ("blobs", "uploads", "spans"):
                db.execute(f"DELETE FROM {table} WHERE sha256 = ?", (path.name,))
            path.unlink()
            freed += state.st_size
    if freed:
        store.renew_instance(db)
    return freed


def _remove_xorbs(store: Store, db: sqlite3.Connection, before: float) -> int:
    """Remove the files of xorbs that no shard finished; clients that remember them get a new URL to start from."""
    freed = 0
    for path in store.xorbs.glob("*/*"):
        state = path.stat()
        if state.st_mtime < before:
            db.execute("DELETE FROM xorbs WHERE user_id = ? AND hash = ?", (path.parent.name, path.name))
            path.unlink()
            freed += state.st_size
    if freed:
        store.renew_instance(db)
    return freed


def _remove_incoming(store: Store, before: float) -> int:
    freed = 0
    for path in store.blobs.incoming.iterdir():
        with suppress(FileNotFoundError):  # an upload that ended meanwhile took its file away
            if path.stat().st_mtime < before:
                freed += _size(path)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return freed


def _size(path: Path) -> int:
    return sum(part.stat().st_size for part in path.iterdir()) if path.is_dir() else path.stat().st_size
