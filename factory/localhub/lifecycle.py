"""A repository's life: created with a first commit, renamed, made private, deleted."""

import json
from typing import Any

from starlette.responses import Response

from factory.localhub import events, spaces
from factory.localhub.attributes import DEFAULT_ATTRIBUTES
from factory.localhub.calls import Call, reply
from factory.localhub.commits import write_commit
from factory.localhub.errors import HubError, not_implemented
from factory.localhub.organizations import is_private_by_default
from factory.localhub.repos import Repo, check_name, create_repo, find_repo, load_repo, spelling


def create(call: Call) -> Response:
    """Create a repository with a first commit: clients need a `sha` from the start."""
    body = call.json()
    repo_type, name = body.get("type") or "model", call.text("name")
    if repo_type not in ("model", "dataset", "space"):
        raise not_implemented(f"The repository type '{repo_type}'")
    namespace = body.get("organization") or call.user().name
    check_name(namespace, name)
    account = call.writer(namespace, name)
    with call.store.transaction() as db:
        existing = load_repo(db, repo_type, namespace, name)
        if existing is not None:
            url = f"{call.endpoint}/{existing.path}"
            raise HubError(409, f"You already created this {repo_type} repo", url=url, name=existing.full_name)
        private = is_private(body, is_private_by_default(db, namespace))
        repo = create_repo(db, repo_type, spelling(account, namespace), name, private=private)
        events.announce(db, repo, "create", "repo")
        files = {".gitattributes": DEFAULT_ATTRIBUTES}
        if repo_type == "space":
            files["README.md"] = spaces.set_up(db, repo.id, repo.name, body)
        write_commit(call.store, db, repo, "refs/heads/main", files, account.name, "initial commit")
    return reply({"url": f"{call.endpoint}/{repo.path}", "name": repo.full_name, "id": f"{repo.id:024x}"})


def delete(call: Call) -> Response:
    """Delete a repository and all that hangs on it; its blobs go with the next garbage collection."""
    body = call.json()
    namespace = body.get("organization") or call.user().name
    repo = _named(call, body.get("type") or "model", f"{namespace}/{call.text('name')}")
    with call.store.transaction() as db:
        events.announce(db, repo, "delete", "repo")
        db.execute("DELETE FROM repos WHERE id = ?", (repo.id,))
    return reply({})


def move(call: Call) -> Response:
    """Rename a repository, or hand it to another namespace of the caller; the old name redirects."""
    repo = _named(call, call.text("type", "model"), call.text("fromRepo"))
    namespace, _, name = call.text("toRepo").partition("/")
    check_name(namespace, name)
    account = call.writer(namespace, name)
    with call.store.transaction() as db:
        taken = load_repo(db, repo.type, namespace, name)
        if taken is not None and taken.id != repo.id:
            raise HubError(409, f"A {repo.type} repository called {taken.full_name} already exists")
        db.execute("DELETE FROM moves WHERE type = ? AND namespace = ? AND name = ?", (repo.type, namespace, name))
        db.execute("INSERT OR REPLACE INTO moves VALUES (?, ?, ?, ?)", (repo.type, repo.namespace, repo.name, repo.id))
        events.announce_move(db, repo, spelling(account, namespace), name)
        db.execute(
            "UPDATE repos SET namespace = ?, name = ? WHERE id = ?", (spelling(account, namespace), name, repo.id)
        )
    return reply({})


def change_settings(call: Call) -> Response:
    """Make a repository private or public, gated or open."""
    repo, body = find_repo(call, "write"), call.json()
    private, gated = is_private(body, repo.private), body.get("gated", repo.gated) or ""
    if gated not in ("", "auto", "manual"):
        raise HubError(400, "'gated' must be false, auto or manual")
    with call.store.transaction() as db:
        db.execute("UPDATE repos SET private = ?, gated = ? WHERE id = ?", (private, gated, repo.id))
        events.announce(db, repo, "update", "repo.config")
    return reply({"private": private, "gated": gated or False})


def check_access(call: Call) -> Response:
    """Answer `auth-check`: whether the caller can read the files."""
    find_repo(call, "content")
    return reply({})


def check_write_access(call: Call) -> Response:
    find_repo(call, "write")
    return reply({})


def _named(call: Call, repo_type: str, full_name: str) -> Repo:
    call.params["namespace"], _, call.params["name"] = full_name.partition("/")
    call.params["type"] = f"{repo_type}s"
    return find_repo(call, "write")


def is_private(body: dict[str, Any], default: bool) -> bool:
    """Return what a request says about visibility."""
    visibility = body.get("visibility", "private" if body.get("private", default) else "public")
    if visibility not in ("public", "private"):
        raise not_implemented(f"The visibility {json.dumps(visibility)}")
    return bool(visibility == "private")
