"""Who is asking: users, organisations, and tokens of which only a hash is kept."""

import hashlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from factory.localhub.errors import HubError, unauthorized
from factory.localhub.store import Store, timestamp

ROLES = ("read", "write")
ORGANIZATION_ROLES = ("read", "write", "admin")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_RESERVED = {"api", "collections", "datasets", "lfs", "models", "spaces", "static", "xet"}


@dataclass(frozen=True)
class Account:
    """An authenticated user: its organisations with its role in each, and what its token allows.

    `repos` are the only repositories the token is for, None for all; `storage` is whose chunks its uploads build on.
    """

    id: int
    name: str
    organizations: Mapping[str, str]
    role: str
    token_label: str
    repos: frozenset[str] | None = None
    storage: int = 0

    def covers(self, full_name: str) -> bool:
        """Whether the token is for a repository: one without `repos` is for all."""
        return self.repos is None or full_name.lower() in self.repos

    def owns(self, namespace: str, role: str = "read", name: str | None = None) -> bool:
        """Whether a namespace is the user's own or that of an organisation where it has at least that role.

        With a token for some repositories that is so for those alone, by `name`.
        """
        if self.repos is not None and (name is None or not self.covers(f"{namespace}/{name}")):
            return False
        own = {name.lower(): ORGANIZATION_ROLES.index(given) for name, given in self.organizations.items()}
        own[self.name.lower()] = len(ORGANIZATION_ROLES)
        return own.get(namespace.lower(), -1) >= ORGANIZATION_ROLES.index(role)


def authenticate(store: Store, authorization: str | None) -> Account | None:
    """Return the account of an `Authorization: Bearer` header, None without one; an unknown token is a 401."""
    scheme, _, token = (authorization or "").partition(" ")
    if not token:
        return None
    account = find_account(store.db, digest_token(token.strip()))
    if scheme.lower() != "bearer" or account is None:
        raise unauthorized()
    return account


def find_account(db: sqlite3.Connection, digest: str) -> Account | None:
    """Return the account of the token with that digest, None once it is revoked or has expired."""
    row = db.execute(
        "SELECT users.id, users.name, role, label, repos FROM tokens JOIN users ON users.id = user_id "
        "WHERE digest = ? AND (expires IS NULL OR expires > ?)",
        (digest, time.time()),
    ).fetchone()
    if row is None:
        return None
    organizations, repos, storage = find_organizations(db, row["id"]), None, int(row["id"])
    if row["repos"] is not None:
        repos, storage = frozenset(json.loads(row["repos"])), -int(digest[:12], 16)  # it knows no chunks but its own
    return Account(row["id"], row["name"], organizations, row["role"], row["label"], repos, storage)


def find_organizations(db: sqlite3.Connection, user_id: int) -> dict[str, str]:
    """Return a user's organisations with its role in each: admin of those that it founded."""
    rows = db.execute(
        "SELECT users.name, members.role FROM members JOIN users ON users.id = organization_id WHERE user_id = ? "
        "UNION ALL SELECT name, 'admin' FROM users WHERE owner_id = ? ORDER BY 1",
        (user_id, user_id),
    )
    return dict(rows.fetchall())


def describe_account(db: sqlite3.Connection, account: Account) -> dict[str, object]:
    """Return what `whoami` reports."""
    organizations = [
        {"type": "org", "name": name, "fullname": find_full_name(db, name), "roleInOrg": role}
        for name, role in account.organizations.items()
    ]
    return {
        "type": "user",
        "id": f"{account.id:024x}",
        "name": account.name,
        "fullname": find_full_name(db, account.name),
        "isPro": False,
        "orgs": organizations,
        "auth": {
            "type": "access_token",
            "accessToken": {"displayName": account.token_label, "role": _shown_role(account)},
        },
    }


def _shown_role(account: Account) -> str:
    return account.role if account.repos is None else "fineGrained"


def find_full_name(db: sqlite3.Connection, name: str) -> str:
    """Return how a user or organisation wants to be called, its name unless it said so."""
    query = "SELECT full_name FROM profiles JOIN users ON users.id = user_id WHERE name = ?"
    row = db.execute(query, (name,)).fetchone()
    return row["full_name"] if row and row["full_name"] else name


def ensure_user(db: sqlite3.Connection, name: str, *, owner: str | None = None) -> int:
    """Return the id of a user or, given an owner, of an organisation; create it when it is missing."""
    row = db.execute("SELECT id FROM users WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return int(row["id"])
    if not is_valid_name(name) or name.lower() in _RESERVED:
        raise HubError(400, f"'{name[:120]}' cannot be a namespace: letters, digits, '-', '_' and '.', at most 96")
    owner_id = ensure_user(db, owner) if owner else None
    created = db.execute("INSERT INTO users (name, owner_id, created) VALUES (?, ?, ?)", (name, owner_id, timestamp()))
    return int(created.lastrowid or 0)


def create_token(
    db: sqlite3.Connection,
    user_id: int,
    *,
    token: str | None,
    role: str,
    label: str,
    repos: Collection[str] | None = None,
    seconds: float | None = None,
) -> str:
    """Give a user a token, a random one unless `token` is given; only its hash is stored.

    With `repos` it is for repositories of those full names alone, with `seconds` it expires.
    """
    if role not in ROLES:
        raise HubError(400, f"'{role}' is not a role of a token; use one of {', '.join(ROLES)}")
    token = token or f"hf_{secrets.token_urlsafe(24)}"
    expires = None if seconds is None else time.time() + seconds
    limits = None if repos is None else json.dumps(sorted(repo.lower() for repo in repos))
    db.execute(
        "INSERT OR REPLACE INTO tokens (digest, user_id, role, label, created, expires, repos) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (digest_token(token), user_id, role, label, timestamp(), expires, limits),
    )
    return token


def revoke_token(db: sqlite3.Connection, token: str) -> None:
    db.execute("DELETE FROM tokens WHERE digest = ?", (digest_token(token),))


def is_valid_name(name: str) -> bool:
    """Whether the clients would accept `name` as half of a repository's id."""
    return bool(_NAME.fullmatch(name)) and "--" not in name and ".." not in name and not name.endswith(".git")


def digest_token(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
