"""From what a client calls a revision to a commit: branches, tags, pull requests and commit ids."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from factory.localhub import git
from factory.localhub.errors import revision_not_found

BRANCH, TAG, PULL_REQUEST = "refs/heads/", "refs/tags/", "refs/pr/"
_COMMIT_ID = re.compile(r"[0-9a-f]{7,40}")
_SPECIAL = re.compile(r"refs/(heads|tags|pr|convert)/.+")


@dataclass(frozen=True)
class Commit:
    """One commit of a repository."""

    oid: str
    tree: str
    parent: str | None
    author: str
    seconds: int
    message: str

    @property
    def title(self) -> str:
        return self.message.split("\n", 1)[0]

    @property
    def description(self) -> str:
        return self.message.partition("\n")[2].strip("\n")


def resolve_revision(db: sqlite3.Connection, repo_id: int, revision: str) -> Commit:
    """Return the commit of a branch, tag, `refs/...` name or (short) commit id, or raise a RevisionNotFound.

    HEAD is main, as clients in JavaScript call it.
    """
    revision = "main" if revision == "HEAD" else revision
    names = (revision,) if _SPECIAL.fullmatch(revision) else (BRANCH + revision, TAG + revision)
    for name in names:
        oid = read_ref(db, repo_id, name)
        if oid is not None:
            return read_commit(db, repo_id, oid)
    if _COMMIT_ID.fullmatch(revision):
        rows = db.execute(
            "SELECT oid FROM commits WHERE repo_id = ? AND oid >= ? AND oid < ? LIMIT 2",
            (repo_id, revision, revision + "g"),
        ).fetchall()
        if len(rows) == 1:
            return read_commit(db, repo_id, rows[0]["oid"])
    raise revision_not_found(revision)


def branch_ref(revision: str) -> str:
    """Return the full name of the ref that a commit to `revision` moves."""
    return revision if revision.startswith((PULL_REQUEST, BRANCH)) else BRANCH + revision


def read_ref(db: sqlite3.Connection, repo_id: int, name: str) -> str | None:
    row = db.execute("SELECT oid FROM refs WHERE repo_id = ? AND name = ?", (repo_id, name)).fetchone()
    return None if row is None else str(row["oid"])


def write_ref(db: sqlite3.Connection, repo_id: int, name: str, oid: str) -> None:
    db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?, ?)", (repo_id, name, oid))


def read_commit(db: sqlite3.Connection, repo_id: int, oid: str) -> Commit:
    row = db.execute(
        "SELECT oid, tree, parent, author, seconds, message FROM commits WHERE repo_id = ? AND oid = ?", (repo_id, oid)
    ).fetchone()
    return Commit(*row)


def insert_commit(
    db: sqlite3.Connection, repo_id: int, tree: str, parent: str | None, author: str, seconds: int, message: str
) -> str:
    """Write a commit, which no ref leads to yet, and return its id."""
    oid = git.object_id("commit", git.encode_commit(tree, parent, author, seconds, message))
    values = (repo_id, oid, tree, parent, author, seconds, message)
    db.execute("INSERT OR IGNORE INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    return oid


def read_history(db: sqlite3.Connection, repo_id: int, commit: Commit) -> Iterator[Commit]:
    """Yield a commit and its ancestors, newest first."""
    yield commit
    while commit.parent is not None:
        commit = read_commit(db, repo_id, commit.parent)
        yield commit
