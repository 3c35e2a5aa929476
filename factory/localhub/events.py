"""What webhooks are told: each change becomes a delivery in the transaction that makes it, so that none is lost."""

import json
import sqlite3
import time
from typing import Any

from factory.localhub.accounts import find_organizations
from factory.localhub.repos import Repo, load_repo
from factory.localhub.revisions import read_ref

_VERSION = 3


def announce(db: sqlite3.Connection, repo: Repo, action: str, scope: str, **content: Any) -> None:
    """Queue what happened to a repository for the webhooks that watch it and whose owner may see it.

    Source: the payload of version 3 in the Hub's documentation of webhooks. Its URLs are paths until it is sent.
    """
    for row in db.execute("SELECT webhooks.*, name FROM webhooks JOIN users ON users.id = user_id WHERE NOT disabled"):
        if _watches(row, repo, scope) and _may_see(db, row, repo):
            payload = {
                "event": {"action": action, "scope": scope},
                "repo": _describe(db, repo),
                "webhook": {"id": f"{row['id']:024x}", "version": _VERSION},
                **content,
            }
            values = (row["id"], json.dumps(payload), time.time())
            db.execute("INSERT INTO deliveries (webhook_id, payload, due) VALUES (?, ?, ?)", values)


def announce_ref(db: sqlite3.Connection, repo: Repo, ref: str, *, old: str | None, new: str | None) -> None:
    """Queue that a branch, tag or pull request leads elsewhere."""
    changed = {key: oid for key, oid in (("oldSha", old), ("newSha", new)) if oid}
    announce(db, repo, "update", "repo.content", updatedRefs=[{"ref": ref, **changed}])


def announce_move(db: sqlite3.Connection, repo: Repo, namespace: str, name: str) -> None:
    """Queue that a repository has another name from now on."""
    announce(db, repo, "move", "repo", movedTo={"name": f"{namespace}/{name}", "owner": _owner(db, namespace)})


def announce_discussion(db: sqlite3.Connection, discussion_id: int, action: str) -> None:
    """Queue what happened to a discussion."""
    repo, discussion = _describe_discussion(db, discussion_id)
    announce(db, repo, action, "discussion", discussion=discussion)


def announce_comment(db: sqlite3.Connection, discussion_id: int, event_id: int, author: str, text: str) -> None:
    """Queue that a comment was made."""
    repo, discussion = _describe_discussion(db, discussion_id)
    comment = {
        "id": f"{event_id:024x}",
        "author": _owner(db, author),
        "hidden": False,
        "content": text,
        "url": {"web": f"{discussion['url']['web']}#{event_id:024x}"},
    }
    announce(db, repo, "create", "discussion.comment", discussion=discussion, comment=comment)


def _describe_discussion(db: sqlite3.Connection, discussion_id: int) -> tuple[Repo, dict[str, Any]]:
    row = db.execute("SELECT * FROM discussions WHERE id = ?", (discussion_id,)).fetchone()
    named = db.execute("SELECT type, namespace, name FROM repos WHERE id = ?", (row["repo_id"],)).fetchone()
    repo = load_repo(db, *named)
    assert repo is not None
    discussion = {
        "id": f"{row['id']:024x}",
        "num": row["num"],
        "title": row["title"],
        "status": row["status"],
        "author": _owner(db, row["author"]),
        "isPullRequest": row["base"] is not None,
        "url": _urls(repo, f"/discussions/{row['num']}"),
    }
    if row["base"] is not None:
        discussion["changes"] = {"base": row["base"], "mergeCommitId": row["merge_oid"]}
    return repo, discussion


def _watches(row: sqlite3.Row, repo: Repo, scope: str) -> bool:
    if scope.split(".")[0] not in json.loads(row["domains"]):
        return False
    names = {repo.type: repo.full_name, "user": repo.namespace, "org": repo.namespace}
    watched = json.loads(row["watched"])
    return any(names.get(item["type"], "").lower() == item["name"].lower() for item in watched)


def _may_see(db: sqlite3.Connection, row: sqlite3.Row, repo: Repo) -> bool:
    own = {row["name"].lower(), *(name.lower() for name in find_organizations(db, row["user_id"]))}
    return not repo.private or repo.namespace.lower() in own


def _describe(db: sqlite3.Connection, repo: Repo) -> dict[str, Any]:
    return {
        "type": repo.type,
        "name": repo.full_name,
        "id": f"{repo.id:024x}",
        "private": repo.private,
        "headSha": read_ref(db, repo.id, "refs/heads/main"),
        "owner": _owner(db, repo.namespace),
        "url": {**_urls(repo), "api": f"/api/{repo.type}s/{repo.full_name}"},
    }


def _owner(db: sqlite3.Connection, name: str) -> dict[str, str]:
    row = db.execute("SELECT id FROM users WHERE name = ?", (name,)).fetchone()
    return {"id": f"{row['id'] if row else 0:024x}"}


def _urls(repo: Repo, path: str = "") -> dict[str, str]:
    return {"web": f"/{repo.path}{path}"}
