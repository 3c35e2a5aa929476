"""Organisations: who is a member and in which role, as anybody may see it."""

import sqlite3

from starlette.responses import Response

from factory.localhub.accounts import ORGANIZATION_ROLES, ensure_user, find_full_name
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError


def set_profile(db: sqlite3.Connection, name: str, full_name: str | None, *, private: bool = False) -> None:
    """Keep how a user or organisation wants to be called, and that its new repositories are private.

    What is not said stays as it was.
    """
    db.execute(
        "INSERT INTO profiles SELECT id, ?, ? FROM users WHERE name = ? "
        "ON CONFLICT (user_id) DO UPDATE SET private = max(private, excluded.private), "
        "full_name = iif(excluded.full_name = '', full_name, excluded.full_name)",
        (full_name or "", private, name),
    )


def add_member(db: sqlite3.Connection, organization: str, user: str, role: str) -> None:
    """Make a user a member of an organisation, or give it another role there."""
    if role not in ORGANIZATION_ROLES:
        raise HubError(400, f"'{role}' is not a role in an organisation; use one of {', '.join(ORGANIZATION_ROLES)}")
    row = db.execute("SELECT id FROM users WHERE name = ? AND owner_id IS NULL", (user,)).fetchone()
    if row is None:
        raise HubError(404, f"There is no user '{user[:100]}': add it first")
    values = (ensure_user(db, organization), row["id"], role)
    db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", values)


def is_private_by_default(db: sqlite3.Connection, namespace: str) -> bool:
    query = "SELECT private FROM profiles JOIN users ON users.id = user_id WHERE name = ?"
    row = db.execute(query, (namespace,)).fetchone()
    return bool(row and row["private"])


def show(call: Call) -> Response:
    """Describe an organisation."""
    row, db = _organization(call), call.store.db
    of_kind = {
        kind: db.execute(
            "SELECT count(*) FROM repos WHERE namespace = ? AND type = ? AND NOT private", (row["name"], kind)
        ).fetchone()[0]
        for kind in ("model", "dataset", "space")
    }
    content = {"avatarUrl": "", "name": row["name"], "fullname": find_full_name(db, row["name"]), "isVerified": False}
    content |= {"numUsers": len(_members(db, row["id"])), "numModels": of_kind["model"]}
    return reply({**content, "numDatasets": of_kind["dataset"], "numSpaces": of_kind["space"]})


def list_members(call: Call) -> Response:
    """List an organisation's members."""
    members = _members(call.store.db, _organization(call)["id"])
    return reply(
        [
            {"avatarUrl": "", "user": name, "fullname": find_full_name(call.store.db, name), "role": role}
            for name, role in members
        ]
    )


def _organization(call: Call) -> sqlite3.Row:
    row: sqlite3.Row | None = call.store.db.execute(
        "SELECT * FROM users WHERE name = ? AND owner_id IS NOT NULL", (call.params["organization"],)
    ).fetchone()
    if row is None:
        raise HubError(404, "Organization not found")
    return row


def _members(db: sqlite3.Connection, organization_id: int) -> list[tuple[str, str]]:
    rows = db.execute(
        "SELECT users.name, role FROM members JOIN users ON users.id = user_id WHERE organization_id = ? UNION "
        "SELECT owners.name, 'admin' FROM users JOIN users AS owners ON owners.id = users.owner_id "
        "WHERE users.id = ? ORDER BY 1",
        (organization_id, organization_id),
    )
    return [(name, role) for name, role in rows]
