"""What is in a revision: directory listings, single paths and sizes."""

import sqlite3
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError, entry_not_found
from factory.localhub.git import lfs_pointer
from factory.localhub.repos import find_repo
from factory.localhub.revisions import Commit, read_history, resolve_revision
from factory.localhub.store import format_seconds
from factory.localhub.trees import Entry, find_entry, list_entries, walk

_PAGE, _EXPANDED_PAGE = 1000, 50
_MAX_PATHS = 1000


def tree(call: Call) -> Response:
    """List a directory, with all below it when `recursive`, in pages."""
    repo, db, path = find_repo(call), call.store.db, call.params.get("path", "")
    commit = resolve_revision(db, repo.id, call.params["rev"])
    entry = find_entry(db, commit.tree, path)
    if entry is None or not entry.is_directory:
        raise entry_not_found(path)
    found = walk(db, entry.oid, path) if call.flag("recursive") else iter(list_entries(db, entry.oid, path))
    entries = list(found)
    expand = call.flag("expand")
    page = call.whole_number("limit", _EXPANDED_PAGE if expand else _PAGE, highest=_PAGE) or 1
    start = call.whole_number("cursor", 0, highest=10**9)
    shown = entries[start : start + page]
    last = last_commits(db, repo.id, commit, [name for name, _ in shown]) if expand else {}
    items = [describe_entry(name, child, last.get(name)) for name, child in shown]
    return reply(items, headers=next_link(call, cursor=start + page) if start + page < len(entries) else None)


def paths_info(call: Call) -> Response:
    """Describe the paths asked for, leaving out those that do not exist."""
    repo, db = find_repo(call), call.store.db
    commit = resolve_revision(db, repo.id, call.params["rev"])
    paths, expand = _read_paths(call)
    found = {path: entry for path in paths if (entry := find_entry(db, commit.tree, path)) and path.strip("/")}
    last = last_commits(db, repo.id, commit, list(found)) if expand else {}
    return reply([describe_entry(path, entry, last.get(path)) for path, entry in found.items()])


def tree_size(call: Call) -> Response:
    """Return the size in bytes of all files below a path."""
    repo, db, path = find_repo(call), call.store.db, call.params.get("path", "")
    entry = find_entry(db, resolve_revision(db, repo.id, call.params["rev"]).tree, path)
    if entry is None:
        raise entry_not_found(path)
    size = sum(child.size for _, child in walk(db, entry.oid)) if entry.is_directory else entry.size
    return reply({"path": f"/{path}", "size": size})


def describe_entry(path: str, entry: Entry, commit: Commit | None = None) -> dict[str, Any]:
    """Return a listing's item; `commit` is the one that last changed it."""
    if entry.is_directory:
        item: dict[str, Any] = {"type": "directory", "oid": entry.oid, "size": 0, "path": path}
    else:
        item = {"type": "file", "oid": entry.oid, "size": entry.size, "path": path}
        if entry.lfs:
            item["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": pointer_size(entry)}
            item["xetHash"] = entry.sha256
    if commit is not None:
        item["lastCommit"] = {"id": commit.oid, "title": commit.title, "date": format_seconds(commit.seconds)}
    return item


def pointer_size(entry: Entry) -> int:
    return len(lfs_pointer(entry.sha256, entry.size))


def last_commits(db: sqlite3.Connection, repo_id: int, head: Commit, paths: list[str]) -> dict[str, Commit]:
    """Return for each path of a commit the newest commit that gave it the content it has."""
    open_paths = {path: _oid(find_entry(db, head.tree, path)) for path in paths}
    last = {}
    newer = head
    for older in list(read_history(db, repo_id, head))[1:]:
        for path, oid in list(open_paths.items()):
            if _oid(find_entry(db, older.tree, path)) != oid:
                last[path] = newer
                del open_paths[path]
        if not open_paths:
            return last
        newer = older
    return last | dict.fromkeys(open_paths, newer)


def next_link(call: Call, **query: object) -> dict[str, str]:
    """Return the header that leads a client to the next page: the same request with `query` replaced."""
    kept = [(key, value) for key, value in call.query.multi_items() if key not in query]
    text = urlencode([*kept, *((key, str(value)) for key, value in query.items())])
    return {"Link": f'<{call.endpoint}{quote(call.raw_path, safe="/%")}?{text}>; rel="next"'}


def _read_paths(call: Call) -> tuple[list[str], bool]:
    if call.headers.get("content-type", "").startswith("application/json"):
        body = call.json()
        paths, expand = body.get("paths") or [], bool(body.get("expand"))
    else:
        form = parse_qs(call.body.decode(errors="replace"), keep_blank_values=True)
        paths, expand = form.get("paths", []), form.get("expand", [""])[0].lower() in ("1", "true")
    if not isinstance(paths, list) or len(paths) > _MAX_PATHS or not all(isinstance(path, str) for path in paths):
        raise HubError(400, f"'paths' must be at most {_MAX_PATHS} paths")
    return [path.rstrip("/") for path in paths], expand


def _oid(entry: Entry | None) -> str | None:
    return None if entry is None else entry.oid
