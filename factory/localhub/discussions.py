"""Discussions: threads beside a repository; a pull request is one with a base and a ref of its own."""

import json
import sqlite3
from typing import Any

from starlette.responses import Response

from factory.localhub import events
from factory.localhub.calls import Call, reply
from factory.localhub.conflicts import find_conflicts
from factory.localhub.errors import HubError, forbidden
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import BRANCH, PULL_REQUEST, resolve_revision, write_ref
from factory.localhub.store import timestamp

_PAGE = 10


def create(call: Call) -> Response:
    """Open a discussion, or an empty draft pull request that commits are then sent to."""
    repo, body = find_repo(call, "propose"), call.json()
    title = call.text("title").strip()
    if len(title) < 3:
        raise HubError(400, "The title of a discussion needs at least 3 characters")
    with call.store.transaction() as db:
        base = {}
        if body.get("pullRequest"):
            base = {"base": f"{BRANCH}main", "base_oid": resolve_revision(db, repo.id, "main").oid}
        status, text = "draft" if base else "open", call.text("description", "")
        num = open_discussion(db, repo.id, title, text, call.user().name, status=status, **base)
    url = f"{call.endpoint}/{repo.path}/discussions/{num}"
    return reply({"num": num, "url": url, "pullRequest": bool(body.get("pullRequest"))})


def open_discussion(
    db: sqlite3.Connection,
    repo_id: int,
    title: str,
    description: str,
    author: str,
    *,
    status: str = "open",
    base: str | None = None,
    base_oid: str | None = None,
) -> int:
    """Insert a discussion inside the caller's transaction and return its number; with a base, its ref starts there."""
    last = db.execute("SELECT max(num) FROM discussions WHERE repo_id = ?", (repo_id,)).fetchone()[0]
    num = int(last or 0) + 1
    cursor = db.execute(
        "INSERT INTO discussions (repo_id, num, title, author, status, created, base, base_oid) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (repo_id, num, title, author, status, timestamp(), base, base_oid),
    )
    if base_oid is not None:
        write_ref(db, repo_id, f"{PULL_REQUEST}{num}", base_oid)
    _insert_event(db, int(cursor.lastrowid or 0), "comment", author, _comment(description))
    events.announce_discussion(db, int(cursor.lastrowid or 0), "create")
    return num


def find_discussion(db: sqlite3.Connection, repo_id: int, num: str) -> sqlite3.Row:
    """Return a discussion's row, or raise a 404."""
    row = None
    if num.isdecimal() and len(num) < 10:
        row = db.execute("SELECT * FROM discussions WHERE repo_id = ? AND num = ?", (repo_id, int(num))).fetchone()
    if row is None:
        raise HubError(404, f"Discussion {num[:20]} not found")
    found: sqlite3.Row = row
    return found


def record_event(db: sqlite3.Connection, discussion_id: int, kind: str, author: str, data: dict[str, Any]) -> int:
    """Note what happened in a discussion and return the event's id."""
    event_id = _insert_event(db, discussion_id, kind, author, data)
    if kind == "comment":
        events.announce_comment(db, discussion_id, event_id, author, data["latest"]["raw"])
    elif kind != "commit":  # a commit is announced as one of the repository
        events.announce_discussion(db, discussion_id, "update")
    return event_id


def _insert_event(db: sqlite3.Connection, discussion_id: int, kind: str, author: str, data: dict[str, Any]) -> int:
    cursor = db.execute(
        "INSERT INTO events (discussion_id, type, author, created, data) VALUES (?, ?, ?, ?, ?)",
        (discussion_id, kind, author, timestamp(), json.dumps(data)),
    )
    return int(cursor.lastrowid or 0)


def record_commit(db: sqlite3.Connection, repo_id: int, num: int, author: str, title: str, oid: str) -> None:
    """Note in a pull request that a commit was added to it."""
    row = find_discussion(db, repo_id, str(num))
    record_event(db, row["id"], "commit", author, {"subject": title, "oid": oid})


def describe_event(db: sqlite3.Connection, event_id: int) -> dict[str, Any]:
    """Return an event as the clients read it."""
    return _event(db.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone())


def list_discussions(call: Call) -> Response:
    """List a page of discussions, newest first."""
    repo = find_repo(call)
    rows = call.store.db.execute(
        "SELECT * FROM discussions WHERE repo_id = ? ORDER BY num DESC", (repo.id,)
    ).fetchall()
    kind, status, author = (call.query.get(key) for key in ("type", "status", "author"))
    rows = [
        row
        for row in rows
        if (kind in (None, "all") or (row["base"] is not None) == (kind == "pull_request"))
        and (status in (None, "all") or (row["status"] in ("draft", "open")) == (status == "open"))
        and (author is None or row["author"] == author)
    ]
    start = call.whole_number("p", 0, highest=10**6) * _PAGE
    page = [_summary(repo, row) for row in rows[start : start + _PAGE]]
    return reply({"discussions": page, "count": len(rows), "start": start})


def show(call: Call) -> Response:
    """Describe a discussion with its events."""
    repo, db = find_repo(call), call.store.db
    row = find_discussion(db, repo.id, call.params["num"])
    rows = db.execute("SELECT * FROM events WHERE discussion_id = ? ORDER BY id", (row["id"],)).fetchall()
    content = {**_summary(repo, row), "events": [_event(event) for event in rows], "filesWithConflicts": []}
    if row["base"] is not None:
        content["changes"] = {"base": row["base"], "mergeCommitId": row["merge_oid"]}
        if row["status"] != "merged":
            content["filesWithConflicts"] = find_conflicts(db, repo, row)
    return reply(content)


def comment(call: Call) -> Response:
    repo = find_repo(call, "propose")
    return _respond(call, repo, "comment", _comment(call.text("comment")))


def rename(call: Call) -> Response:
    """Change a discussion's title."""
    repo, title = find_repo(call, "propose"), call.text("title").strip()
    if len(title) < 3:
        raise HubError(400, "The title of a discussion needs at least 3 characters")
    with call.store.transaction() as db:
        row = _changeable(call, repo)
        db.execute("UPDATE discussions SET title = ? WHERE id = ?", (title, row["id"]))
        data = {"from": row["title"], "to": title}
        event = record_event(db, row["id"], "title-change", call.user().name, data)
    return reply({"newTitle": describe_event(call.store.db, event)})


def change_status(call: Call) -> Response:
    """Open or close a discussion."""
    repo, status = find_repo(call, "propose"), call.text("status")
    if status not in ("open", "closed"):
        raise HubError(400, "'status' must be open or closed")
    with call.store.transaction() as db:
        row = _changeable(call, repo)
        if row["status"] == "merged":
            raise HubError(400, "A merged pull request stays merged")
        db.execute("UPDATE discussions SET status = ? WHERE id = ?", (status, row["id"]))
        data = {"status": status, "reason": call.text("comment", "")}
        event = record_event(db, row["id"], "status-change", call.user().name, data)
    return reply({"newStatus": describe_event(call.store.db, event)})


def edit_comment(call: Call) -> Response:
    """Replace a comment's text; its author alone may."""
    row = _comment_row(call, may_moderate=False)
    data = json.loads(row["data"])
    data.update(_comment(call.text("content")), edited=True, numEdits=data["numEdits"] + 1)
    return _rewrite(call, row, data)


def hide_comment(call: Call) -> Response:
    """Hide a comment for good: its author and the repository's owner may."""
    row = _comment_row(call, may_moderate=True)
    return _rewrite(call, row, {**json.loads(row["data"]), "hidden": True, "hiddenBy": call.user().name})


def _respond(call: Call, repo: Repo, kind: str, data: dict[str, Any]) -> Response:
    with call.store.transaction() as db:
        row = find_discussion(db, repo.id, call.params["num"])
        event = record_event(db, row["id"], kind, call.user().name, data)
    return reply({"newMessage": describe_event(call.store.db, event)})


def _changeable(call: Call, repo: Repo) -> sqlite3.Row:
    row = find_discussion(call.store.db, repo.id, call.params["num"])
    if row["author"] != call.user().name and not call.user().owns(repo.namespace, "write", repo.name):
        raise forbidden("Only its author and the repository's owner may change a discussion")
    return row


def _comment_row(call: Call, *, may_moderate: bool) -> sqlite3.Row:
    repo, account = find_repo(call, "propose"), call.user()
    discussion = find_discussion(call.store.db, repo.id, call.params["num"])
    row: sqlite3.Row | None = call.store.db.execute(
        "SELECT * FROM events WHERE discussion_id = ? AND type = 'comment' AND printf('%024x', id) = ?",
        (discussion["id"], call.params["comment"]),
    ).fetchone()
    if row is None:
        raise HubError(404, "Comment not found")
    if row["author"] != account.name and not (may_moderate and account.owns(repo.namespace, "write", repo.name)):
        raise forbidden("Only its author may edit a comment")
    return row


def _rewrite(call: Call, row: sqlite3.Row, data: dict[str, Any]) -> Response:
    with call.store.transaction() as db:
        db.execute("UPDATE events SET data = ? WHERE id = ?", (json.dumps(data), row["id"]))
    return reply({"updatedComment": describe_event(call.store.db, row["id"])})


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": f"{row['id']:024x}",
        "type": row["type"],
        "createdAt": row["created"],
        "author": _person(row["author"]),
        "data": _shown(json.loads(row["data"])),
    }


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "latest": {**data["latest"], "raw": "", "html": ""}} if data.get("hidden") else data


def _comment(text: str) -> dict[str, Any]:
    latest = {"raw": text, "html": "", "updatedAt": timestamp()}
    return {"edited": False, "hidden": False, "numEdits": 0, "latest": latest, "history": []}


def _summary(repo: Repo, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "num": row["num"],
        "title": row["title"],
        "author": _person(row["author"]),
        "createdAt": row["created"],
        "status": row["status"],
        "isPullRequest": row["base"] is not None,
        "repo": {"name": repo.full_name, "type": repo.type},
        "pinned": False,
    }


def _person(name: str) -> dict[str, str]:
    return {"name": name, "type": "user"}
