"""Gated repositories: anybody sees that they exist, the files go to those whose request was accepted."""

import sqlite3

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.repos import Repo, find_repo
from factory.localhub.store import timestamp

STATUSES = ("pending", "accepted", "rejected")


def list_requests(call: Call) -> Response:
    """List the access requests of a status to the repository's owner."""
    repo, status = find_repo(call, "write"), call.params["status"]
    if status not in STATUSES:
        raise HubError(404, f"'{status[:40]}' is not a status of an access request")
    rows = call.store.db.execute(
        "SELECT access.*, users.name FROM access JOIN users ON users.id = user_id WHERE repo_id = ? AND status = ? "
        "ORDER BY access.id",
        (repo.id, status),
    )
    return reply(
        [
            {
                "requestId": f"{row['id']:024x}",
                "user": {"user": row["name"], "fullname": row["name"]},
                "status": row["status"],
                "timestamp": row["created"],
            }
            for row in rows
        ]
    )


def ask(call: Call) -> Response:
    """Ask for access; a gate that opens by itself accepts at once."""
    repo = find_repo(call)
    account = call.owner(repo.full_name)
    if not repo.gated:
        raise HubError(400, "This repository is not gated")
    with call.store.transaction() as db:
        if _find(db, repo, account.id) is None:
            _insert(db, repo, account.id, "accepted" if repo.gated == "auto" else "pending")
    return reply({})


def grant(call: Call) -> Response:
    """Give a user access who did not ask."""
    repo = find_repo(call, "write")
    with call.store.transaction() as db:
        user_id = _user_id(db, call.text("user"))
        if _find(db, repo, user_id) is not None:
            raise HubError(400, "This user has an access request already")
        _insert(db, repo, user_id, "accepted")
    return reply({})


def decide(call: Call) -> Response:
    """Accept or reject a request, or put it back to pending."""
    repo, body = find_repo(call, "write"), call.json()
    status = call.text("status")
    if status not in STATUSES:
        raise HubError(400, f"'status' must be one of {', '.join(STATUSES)}")
    with call.store.transaction() as db:
        if "requestId" in body:
            key, value = "printf('%024x', id)", call.text("requestId")
        else:
            key, value = "user_id", str(_user_id(db, call.text("user")))
        row = db.execute(f"SELECT * FROM access WHERE repo_id = ? AND {key} = ?", (repo.id, value)).fetchone()
        if row is None:
            raise HubError(404, "There is no such access request")
        if row["status"] == status:
            raise HubError(400, f"The access request is {status} already")
        db.execute("UPDATE access SET status = ? WHERE id = ?", (status, row["id"]))
    return reply({})


def _find(db: sqlite3.Connection, repo: Repo, user_id: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM access WHERE repo_id = ? AND user_id = ?", (repo.id, user_id)
    ).fetchone()
    return row


def _insert(db: sqlite3.Connection, repo: Repo, user_id: int, status: str) -> None:
    values = (repo.id, user_id, status, timestamp())
    db.execute("INSERT INTO access (repo_id, user_id, status, created) VALUES (?, ?, ?, ?)", values)


def _user_id(db: sqlite3.Connection, name: str) -> int:
    row = db.execute("SELECT id FROM users WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise HubError(404, f"There is no user '{name[:100]}'")
    return int(row["id"])
