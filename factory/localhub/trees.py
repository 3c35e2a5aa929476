"""Directories as git tree objects: reading, walking and changing them, one shared row a directory."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from factory.localhub import git
from factory.localhub.errors import HubError

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Entry:
    """A file or directory in a tree; `oid` is git's id, for a large file that of its pointer."""

    oid: str
    is_directory: bool = False
    sha256: str = ""
    size: int = 0
    lfs: bool = False


def find_entry(db: sqlite3.Connection, tree: str, path: str) -> Entry | None:
    """Return what `path` names in a tree; the empty path is the tree itself."""
    oid, is_directory = tree, True
    for name in filter(None, path.split("/")):
        if not is_directory:
            return None
        found = next((entry for entry in _read(db, oid) if entry.name == name), None)
        if found is None:
            return None
        oid, is_directory = found.oid, found.is_directory
    return Entry(oid, is_directory=True) if is_directory else _blobs(db, [oid])[oid]


def list_entries(db: sqlite3.Connection, tree: str, path: str = "") -> list[tuple[str, Entry]]:
    """Return the paths and entries directly in a tree; `path` is where it hangs."""
    found = _read(db, tree)
    files = _blobs(db, [entry.oid for entry in found if not entry.is_directory])
    prefix = f"{path}/" if path else ""
    return [(prefix + e.name, Entry(e.oid, is_directory=True) if e.is_directory else files[e.oid]) for e in found]


def walk(db: sqlite3.Connection, tree: str, path: str = "") -> Iterator[tuple[str, Entry]]:
    """Yield every path and entry below a tree, a directory before what it holds."""
    for child, entry in list_entries(db, tree, path):
        yield child, entry
        if entry.is_directory:
            yield from walk(db, entry.oid, child)


def list_files(db: sqlite3.Connection, tree: str) -> dict[str, Entry]:
    """Return all files below a tree by path."""
    return {path: entry for path, entry in walk(db, tree) if not entry.is_directory}


def add_blob(db: sqlite3.Connection, entry: Entry) -> None:
    """Remember which bytes a git id stands for."""
    values = (entry.oid, entry.sha256, entry.size, entry.lfs)
    db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?)", values)


def change_tree(db: sqlite3.Connection, tree: str | None, changes: Mapping[str, Entry | None]) -> str:
    """Return the id of the tree after `changes` (None removes a file or a whole directory); new trees are written."""
    nested: _Changes = {}
    for path, entry in changes.items():
        *folders, name = path.split("/")
        level = nested
        for folder in folders:
            level = level.setdefault(folder, _Change()).below
        level.setdefault(name, _Change()).own.append(entry)
    return _apply(db, tree, nested, "") or _write(db, [])


def check_path(path: object) -> str:
    """Return a path a commit may write, or raise a 422: nothing that could leave a folder it is checked out to."""
    if not isinstance(path, str) or not path or _CONTROL.search(path) or len(path.encode()) > MAX_PATH_BYTES:
        raise HubError(
            422,
            f"'{str(path)[:80]}' is not a path: empty, over {MAX_PATH_BYTES} bytes or with control characters",
        )
    for name in path.split("/"):
        if (
            name in ("", ".")
            or ".." in name.split("\\")
            or name.lower() == ".git"
            or len(name.encode()) > MAX_NAME_BYTES
        ):
            raise HubError(422, f"The path '{path[:80]}' has an empty, '.', '..', '.git' or too long name in it")
    return path


class _Change:
    """What a commit does to one name: its own new entry or removal, and changes below it."""

    def __init__(self) -> None:
        self.own: list[Entry | None] = []
        self.below: _Changes = {}


_Changes = dict[str, _Change]


def _apply(db: sqlite3.Connection, tree: str | None, changes: _Changes, path: str) -> str | None:
    entries = {entry.name: entry for entry in _read(db, tree)} if tree else {}
    for name, change in changes.items():
        child = f"{path}{name}"
        existing = entries.pop(name, None)
        if change.own:
            existing = None
            if change.own[0] is not None:
                if any(True for _ in _added(change.below)):
                    raise HubError(400, f"'{child}' cannot be a file and a folder at once")
                entries[name] = git.TreeEntry(name, change.own[0].oid, change.own[0].is_directory)
                continue
        if existing and not existing.is_directory and change.below:
            if any(True for _ in _added(change.below)):
                raise HubError(400, f"'{child}' is a file: delete it before writing below it")
            entries[name] = existing
            continue
        below = _apply(db, existing.oid if existing else None, change.below, f"{child}/")
        if below is not None:
            entries[name] = git.TreeEntry(name, below, is_directory=True)
    return _write(db, list(entries.values())) if entries else None


def _added(changes: _Changes) -> Iterator[Entry]:
    for change in changes.values():
        yield from (entry for entry in change.own if entry is not None)
        yield from _added(change.below)


def _read(db: sqlite3.Connection, tree: str) -> list[git.TreeEntry]:
    row = db.execute("SELECT content FROM trees WHERE oid = ?", (tree,)).fetchone()
    return git.decode_tree(row["content"])


def _write(db: sqlite3.Connection, entries: list[git.TreeEntry]) -> str:
    content = git.encode_tree(entries)
    oid = git.object_id("tree", content)
    db.execute("INSERT OR IGNORE INTO trees VALUES (?, ?)", (oid, content))
    return oid


def _blobs(db: sqlite3.Connection, oids: list[str]) -> dict[str, Entry]:
    found = {}
    for start in range(0, len(oids), 500):
        batch = oids[start : start + 500]
        marks = ",".join("?" * len(batch))
        for row in db.execute(f"SELECT * FROM blobs WHERE oid IN ({marks})", batch):
            found[row["oid"]] = Entry(row["oid"], False, row["sha256"], row["size"], bool(row["lfs"]))
    return found
