"""What a pull request changes, and where that meets what its base changed since."""

import sqlite3

from factory.localhub.repos import Repo
from factory.localhub.revisions import PULL_REQUEST, read_commit, resolve_revision
from factory.localhub.trees import Entry, list_files


def find_conflicts(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[str]:
    """Return the files that both a pull request and its base changed since they parted, in different ways."""
    start = list_files(db, read_commit(db, repo.id, row["base_oid"]).tree)
    base = list_files(db, resolve_revision(db, repo.id, row["base"]).tree)
    return sorted(
        path for path, entry in changes_of(db, repo, row).items() if base.get(path) not in (start.get(path), entry)
    )


def changes_of(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> dict[str, Entry | None]:
    """Return the files that a pull request adds or replaces, and with None those it removes."""
    start = list_files(db, read_commit(db, repo.id, row["base_oid"]).tree)
    end = list_files(db, resolve_revision(db, repo.id, f"{PULL_REQUEST}{row['num']}").tree)
    return {path: end.get(path) for path in {**start, **end} if start.get(path) != end.get(path)}
