"""Repositories: their rows, and who may see and change them."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

from factory.localhub.accounts import Account, is_valid_name
from factory.localhub.calls import Call
from factory.localhub.errors import HubError, Moved, repo_not_found
from factory.localhub.store import timestamp

Access = Literal["read", "content", "propose", "write"]
_MAX_ID_CHARACTERS = 96


@dataclass(frozen=True)
class Repo:
    """A repository as its row says; `row` has the metadata that the last commit on main left."""

    id: int
    type: str
    namespace: str
    name: str
    private: bool
    gated: str
    row: sqlite3.Row

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """The page's path on the Hub: models have no prefix."""
        return full_path(self.type, self.full_name)

    def is_visible_to(self, account: Account | None) -> bool:
        return not self.private or (account is not None and account.owns(self.namespace, name=self.name))

    def is_open_to(self, account: Account | None, db: sqlite3.Connection) -> bool:
        """Whether an account may have the files: a gated repository also needs an accepted request."""
        if not self.is_visible_to(account):
            return False
        if not self.gated or (account is not None and account.owns(self.namespace, name=self.name)):
            return True
        query = "SELECT 1 FROM access WHERE repo_id = ? AND user_id = ? AND status = 'accepted'"
        if account is None or not account.covers(self.full_name):
            return False
        return db.execute(query, (self.id, account.id)).fetchone() is not None


def full_path(repo_type: str, full_name: str) -> str:
    return full_name if repo_type == "model" else f"{repo_type}s/{full_name}"


def load_repo(db: sqlite3.Connection, repo_type: str, namespace: str, name: str) -> Repo | None:
    """Return the repository of that exact name, whoever asks."""
    row = db.execute(
        "SELECT * FROM repos WHERE type = ? AND namespace = ? AND name = ?", (repo_type, namespace, name)
    ).fetchone()
    return None if row is None else repo_of_row(row)


def repo_of_row(row: sqlite3.Row) -> Repo:
    return Repo(row["id"], row["type"], row["namespace"], row["name"], bool(row["private"]), row["gated"], row)


def find_repo(call: Call, access: Access = "read") -> Repo:
    """Return the repository in the path if the caller may `access` it.

    Content is the files of a gated repository. To propose (a pull request) needs a token that writes and a repository
    one can read. Raises a 404 for what the caller may not see, a 401 or 403 for what they may see and not do, a 307
    for a repository that moved.
    """
    name = call.params["name"].removesuffix(".git")
    repo = load_repo(call.store.db, call.type, call.params["namespace"], name)
    if repo is None or not repo.is_visible_to(call.account):
        raise _moved(call, name) or repo_not_found()
    if access == "content" and not repo.is_open_to(call.account, call.store.db):
        message = f"Access to {repo.type} {repo.full_name} is restricted and you are not in the authorized list"
        raise HubError(403 if call.account else 401, message, "GatedRepo")
    if access in ("propose", "write"):
        call.writer(repo.namespace, repo.name, owns=access == "write")
    return repo


def create_repo(db: sqlite3.Connection, repo_type: str, namespace: str, name: str, *, private: bool) -> Repo:
    """Insert a repository's row; the caller adds the first commit in the same transaction."""
    check_name(namespace, name)
    now = timestamp()
    db.execute("DELETE FROM moves WHERE type = ? AND namespace = ? AND name = ?", (repo_type, namespace, name))
    db.execute(
        "INSERT INTO repos (type, namespace, name, private, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
        (repo_type, namespace, name, private, now, now),
    )
    repo = load_repo(db, repo_type, namespace, name)
    assert repo is not None
    return repo


def check_name(namespace: object, name: object) -> None:
    """Raise a 400 unless the clients would accept `namespace/name`."""
    for part in (namespace, name):
        if not isinstance(part, str) or not is_valid_name(part) or len(f"{namespace}/{name}") > _MAX_ID_CHARACTERS:
            raise HubError(400, f"'{str(namespace)[:97]}/{str(name)[:97]}' is not a valid repository name")


def spelling(account: Account, namespace: str) -> str:
    """Return a namespace of an account as it was first written."""
    return next(own for own in (account.name, *account.organizations) if own.lower() == namespace.lower())


def _moved(call: Call, name: str) -> Moved | None:
    row = call.store.db.execute(
        "SELECT repos.* FROM moves JOIN repos ON repos.id = repo_id "
        "WHERE moves.type = ? AND moves.namespace = ? AND moves.name = ?",
        (call.type, call.params["namespace"], name),
    ).fetchone()
    if row is None or not repo_of_row(row).is_visible_to(call.account):
        return None
    old, new = f"/{call.params['namespace']}/{name}", f"/{row['namespace']}/{row['name']}"
    query = f"?{call.query}" if call.query else ""
    return Moved(call.raw_path.replace(old, new, 1) + query) if old in call.raw_path else None
