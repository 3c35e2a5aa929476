"""The files of a revision: folders with sizes and downloads, texts to read, and the history."""

import sqlite3
from pathlib import PurePosixPath

from starlette.responses import Response

from factory.localhub.calls import Call
from factory.localhub.errors import entry_not_found
from factory.localhub.pages.rendering import render
from factory.localhub.pages.repository import repository_frame
from factory.localhub.repos import find_repo
from factory.localhub.revisions import Commit, read_history, resolve_revision
from factory.localhub.store import format_seconds
from factory.localhub.trees import Entry, find_entry, list_entries

_MAX_SHOWN_BYTES = 512 * 2**10
_MAX_HISTORY = 500
_COMMITS = 50
_PICTURES = {".gif", ".jpeg", ".jpg", ".png", ".webp"}


def show_tree(call: Call) -> Response:
    """List a folder of a revision, each entry with the commit that last changed it."""
    repo, db, rev, path = find_repo(call), call.store.db, call.params["rev"], call.params.get("path", "").strip("/")
    commit = resolve_revision(db, repo.id, rev)
    folder = find_entry(db, commit.tree, path)
    if folder is None or not folder.is_directory:
        raise entry_not_found(path)
    entries = sorted(list_entries(db, folder.oid, path), key=lambda item: (not item[1].is_directory, item[0]))
    last = _last_changes(db, repo.id, commit, path, entries)
    rows = [(child, PurePosixPath(child).name, entry, last.get(child)) for child, entry in entries]
    frame = repository_frame(call, repo, rev)
    return render(call, "tree.html", **frame, rows=rows, steps=_steps(path), when=format_seconds)


def show_blob(call: Call) -> Response:
    """Show a text or picture of a revision; of anything else, what it is and where to download it."""
    repo, db, rev, path = find_repo(call, "content"), call.store.db, call.params["rev"], call.params["path"]
    entry = find_entry(db, resolve_revision(db, repo.id, rev).tree, path)
    if entry is None or entry.is_directory:
        raise entry_not_found(path)
    return render(
        call,
        "blob.html",
        **repository_frame(call, repo, rev),
        path=path,
        steps=_steps(path),
        entry=entry,
        lines=_read_lines(call, entry),
        is_long=entry.size > _MAX_SHOWN_BYTES,
        is_picture=PurePosixPath(path).suffix.lower() in _PICTURES,
    )


def show_commits(call: Call) -> Response:
    """List a revision's history, newest first, in pages."""
    repo, db, rev = find_repo(call), call.store.db, call.params["rev"]
    history = list(read_history(db, repo.id, resolve_revision(db, repo.id, rev)))
    page = call.whole_number("p", 0, highest=10**6)
    return render(
        call,
        "commits.html",
        **repository_frame(call, repo, rev),
        commits=history[page * _COMMITS : (page + 1) * _COMMITS],
        total=len(history),
        page=page,
        pages=max(1, -(-len(history) // _COMMITS)),
        when=format_seconds,
    )


def _steps(path: str) -> list[tuple[str, str]]:
    """Return the names on the way to a path, each with the path so far."""
    parts = [part for part in path.split("/") if part]
    return [(part, "/".join(parts[: number + 1])) for number, part in enumerate(parts)]


def _last_changes(
    db: sqlite3.Connection, repo_id: int, head: Commit, folder: str, entries: list[tuple[str, Entry]]
) -> dict[str, Commit]:
    """Return the newest commit that gave each entry of a folder its content, as far back as is looked."""
    unsettled = {path: entry.oid for path, entry in entries}
    last: dict[str, Commit] = {}
    newer = head
    for number, older in enumerate(read_history(db, repo_id, head)):
        if number == _MAX_HISTORY or not unsettled:
            return last
        there = find_entry(db, older.tree, folder)
        oids = {path: e.oid for path, e in list_entries(db, there.oid, folder)} if there and there.is_directory else {}
        for path in [path for path, oid in unsettled.items() if oids.get(path) != oid]:
            last[path] = newer
            del unsettled[path]
        newer = older
    return last | dict.fromkeys(unsettled, newer)


def _read_lines(call: Call, entry: Entry) -> list[str] | None:
    """Return the lines of a text, None for what is none or is too long to show."""
    if entry.size > _MAX_SHOWN_BYTES:
        return None
    content = call.store.blobs.read(entry.sha256)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.removesuffix("\n").split("\n")
