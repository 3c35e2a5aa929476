"""Merging a pull request: the files it changed, on top of what its base has become."""

import sqlite3

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.commits import record_commit
from factory.localhub.discussions import describe_event, find_discussion, record_event
from factory.localhub.errors import HubError
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import PULL_REQUEST, read_commit, resolve_revision
from factory.localhub.trees import Entry, change_tree, list_files


def merge(call: Call) -> Response:
    """Merge a pull request into its base as one commit; raises a 409 when both changed the same file."""
    repo, account = find_repo(call, "write"), call.user()
    with call.store.transaction() as db:
        row = find_discussion(db, repo.id, call.params["num"])
        if row["base"] is None or row["status"] not in ("open", "draft"):
            raise HubError(400, "Only an open pull request can be merged")
        base = resolve_revision(db, repo.id, row["base"])
        conflicts = find_conflicts(db, repo, row)
        if conflicts:
            raise HubError(409, f"This pull request conflicts with its base in: {', '.join(conflicts)}")
        tree = change_tree(db, base.tree, _changes(db, repo, row))
        message = f"{row['title']} (#{row['num']})"
        oid = record_commit(call.store, db, repo, row["base"], tree, base.oid, account.name, message)
        db.execute("UPDATE discussions SET status = 'merged', merge_oid = ? WHERE id = ?", (oid, row["id"]))
        comment = call.json().get("comment")
        event = record_event(db, row["id"], "status-change", account.name, {"status": "merged", "reason": comment})
    return reply({"newStatus": describe_event(call.store.db, event), "mergeCommitId": oid})


def find_conflicts(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[str]:
    """Return the files that both a pull request and its base changed since they parted, in different ways."""
    start = list_files(db, read_commit(db, repo.id, row["base_oid"]).tree)
    base = list_files(db, resolve_revision(db, repo.id, row["base"]).tree)
    return sorted(
        path for path, entry in _changes(db, repo, row).items() if base.get(path) not in (start.get(path), entry)
    )


def _changes(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> dict[str, Entry | None]:
    start = list_files(db, read_commit(db, repo.id, row["base_oid"]).tree)
    end = list_files(db, resolve_revision(db, repo.id, f"{PULL_REQUEST}{row['num']}").tree)
    return {path: end.get(path) for path in {**start, **end} if start.get(path) != end.get(path)}
