"""Packfiles: the objects that lead from what a client has to what it wants, streamed one by one and undeltified."""

import hashlib
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from factory.localhub import git
from factory.localhub.revisions import read_commit
from factory.localhub.store import Store

_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_READ_BYTES = 2**18
_LEVEL = 1  # most of what a Hub holds is large files, which are not in packs


@dataclass
class History:
    """Some commits with those before them, newest first; `shallow` are the last ones, whose parents are left out."""

    commits: list[str] = field(default_factory=list)
    shallow: list[str] = field(default_factory=list)


def walk_history(
    db: sqlite3.Connection,
    repo_id: int,
    starts: Collection[str],
    *,
    without: Collection[str] = (),
    ends: Collection[str] = (),
    depth: int | None = None,
) -> History:
    """Return what comes before `starts`, at most `depth` commits of each, short of `without` and not beyond `ends`."""
    history, seen, level = History(), set(without), 0
    frontier = list(starts)
    while frontier:
        fresh = [oid for oid in dict.fromkeys(frontier) if oid not in seen]
        seen.update(fresh)
        history.commits += fresh
        level += 1
        parents = {oid: read_commit(db, repo_id, oid).parent for oid in fresh if oid not in ends}
        if level == depth:
            history.shallow = [oid for oid, parent in parents.items() if parent is not None and parent not in seen]
            break
        frontier = [parent for parent in parents.values() if parent is not None]
    return history


def stream_pack(store: Store, repo_id: int, commits: Collection[str], haves: Collection[str]) -> Iterator[bytes]:
    """Yield a packfile, version 2, of commits with their trees and files, save those that `haves` lead to.

    A large file is its pointer, as in the repository's own objects. Source: `gitformat-pack` in git's documentation.
    """
    trees, blobs = _list_objects(store.db, repo_id, commits, haves)
    digest = hashlib.sha1(usedforsecurity=False)
    for chunk in _stream(store, repo_id, commits, trees, blobs):
        digest.update(chunk)
        yield chunk
    yield digest.digest()


def _stream(
    store: Store, repo_id: int, commits: Collection[str], trees: list[str], blobs: list[str]
) -> Iterator[bytes]:
    yield b"PACK" + (2).to_bytes(4, "big") + (len(commits) + len(trees) + len(blobs)).to_bytes(4, "big")
    for oid in commits:
        commit = read_commit(store.db, repo_id, oid)
        content = git.encode_commit(commit.tree, commit.parent, commit.author, commit.seconds, commit.message)
        yield _pack("commit", content)
    for oid in trees:
        row = store.db.execute("SELECT content FROM trees WHERE oid = ?", (oid,)).fetchone()
        yield _pack("tree", row["content"])
    for oid in blobs:
        yield from _blob(store, oid)


def _list_objects(
    db: sqlite3.Connection, repo_id: int, commits: Collection[str], haves: Collection[str]
) -> tuple[list[str], list[str]]:
    """Return the trees and blobs that the commits need and the haves do not lead to."""
    known: set[str] = set()
    for _ in _walk(db, [read_commit(db, repo_id, oid).tree for oid in haves], known):
        pass
    trees: list[str] = []
    blobs: list[str] = []
    for oid, is_tree in _walk(db, [read_commit(db, repo_id, oid).tree for oid in commits], known):
        (trees if is_tree else blobs).append(oid)
    return trees, blobs


def _walk(db: sqlite3.Connection, trees: list[str], seen: set[str]) -> Iterator[tuple[str, bool]]:
    """Yield every object below some trees that was not seen yet, and whether it is a tree itself."""
    pending = [(tree, True) for tree in reversed(trees)]
    while pending:
        oid, is_tree = pending.pop()
        if oid in seen:
            continue
        seen.add(oid)
        yield oid, is_tree
        if is_tree:
            row = db.execute("SELECT content FROM trees WHERE oid = ?", (oid,)).fetchone()
            pending += [(entry.oid, entry.is_directory) for entry in git.decode_tree(row["content"])]


def _blob(store: Store, oid: str) -> Iterator[bytes]:
    row = store.db.execute("SELECT * FROM blobs WHERE oid = ?", (oid,)).fetchone()
    if row["lfs"]:
        yield _pack("blob", git.lfs_pointer(row["sha256"], row["size"]))
        return
    deflate = zlib.compressobj(_LEVEL)
    yield _header("blob", row["size"])
    with store.blobs.path(row["sha256"]).open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            yield deflate.compress(chunk)
    yield deflate.flush()


def _pack(kind: str, content: bytes) -> bytes:
    return _header(kind, len(content)) + zlib.compress(content, _LEVEL)


def _header(kind: str, size: int) -> bytes:
    """Return an object's type and size: four bits of the size in the first byte, then seven in each, lowest first."""
    first, size = _TYPES[kind] << 4 | size & 15, size >> 4
    encoded = bytearray([first])
    while size:
        encoded[-1] |= 0x80
        encoded.append(size & 0x7F)
        size >>= 7
    return bytes(encoded)
