"""Branches, tags and history."""

import re

from starlette.responses import Response

from factory.localhub import events
from factory.localhub.calls import Call, reply
from factory.localhub.commits import record_commit
from factory.localhub.errors import HubError, revision_not_found
from factory.localhub.listing import next_link
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import (
    BRANCH,
    PULL_REQUEST,
    TAG,
    branch_ref,
    read_history,
    read_ref,
    resolve_revision,
    write_ref,
)
from factory.localhub.store import format_seconds

_REF_NAME = re.compile(
    r"(?!.*(\.\.|//|@\{|\.lock(/|$)))[^\x00-\x20~^:?*\[\\\x7f./-][^\x00-\x20~^:?*\[\\\x7f]*(?<![./])"
)
_MAX_REF_BYTES = 200
_PAGE = 50


def list_refs(call: Call) -> Response:
    """List branches and tags, and pull requests when asked for."""
    repo = find_repo(call)
    rows = call.store.db.execute("SELECT name, oid FROM refs WHERE repo_id = ? ORDER BY name", (repo.id,)).fetchall()

    def of(prefix: str) -> list[dict[str, str]]:
        found = [row for row in rows if row["name"].startswith(prefix)]
        return [{"name": r["name"].removeprefix(prefix), "ref": r["name"], "targetCommit": r["oid"]} for r in found]

    content = {"branches": of(BRANCH), "tags": of(TAG), "converts": []}
    if call.flag("include_prs") or call.flag("include_pull_requests"):
        content["pullRequests"] = [{**ref, "name": ref["ref"]} for ref in of(PULL_REQUEST)]
    return reply(content)


def create_branch(call: Call) -> Response:
    """Start a branch at `startingPoint`, main unless given."""
    repo, start = find_repo(call, "write"), call.json().get("startingPoint") or "main"
    with call.store.transaction() as db:
        commit = resolve_revision(db, repo.id, str(start))
        name = _check_name(call.params["rev"])
        if read_ref(db, repo.id, BRANCH + name) is not None:
            raise HubError(409, f"Reference {BRANCH}{name} already exists")
        write_ref(db, repo.id, BRANCH + name, commit.oid)
        events.announce_ref(db, repo, BRANCH + name, old=None, new=commit.oid)
    return reply({})


def delete_branch(call: Call) -> Response:
    """Delete a branch; main stays."""
    repo, name = find_repo(call, "write"), call.params["rev"]
    if name == "main":
        raise HubError(403, f"Cannot delete {BRANCH}main: it is the default branch")
    return _delete(call, repo, BRANCH, name)


def create_tag(call: Call) -> Response:
    """Give a revision a name that stays."""
    repo, name = find_repo(call, "write"), call.text("tag")
    with call.store.transaction() as db:
        commit = resolve_revision(db, repo.id, call.params["rev"])
        _check_name(name)
        if read_ref(db, repo.id, TAG + name) is not None:
            raise HubError(409, f"Tag reference exists already: {TAG}{name}")
        write_ref(db, repo.id, TAG + name, commit.oid)
        events.announce_ref(db, repo, TAG + name, old=None, new=commit.oid)
    return reply({})


def delete_tag(call: Call) -> Response:
    return _delete(call, find_repo(call, "write"), TAG, call.params["rev"])


def list_commits(call: Call) -> Response:
    """List a revision's history, newest first, in pages."""
    repo, db = find_repo(call), call.store.db
    history = list(read_history(db, repo.id, resolve_revision(db, repo.id, call.params["rev"])))
    start = call.whole_number("p", 0, highest=10**6)
    limit = call.whole_number("limit", _PAGE, highest=1000) or 1
    formatted = "formatted" in {*call.query.getlist("expand"), *call.query.getlist("expand[]")}
    items = []
    for commit in history[start * limit : (start + 1) * limit]:
        item = {
            "id": commit.oid,
            "title": commit.title,
            "message": commit.description,
            "authors": [{"user": commit.author}],
            "date": format_seconds(commit.seconds),
        }
        items.append(
            {**item, "formatted": {"title": commit.title, "message": commit.description}} if formatted else item
        )
    more = (start + 1) * limit < len(history)
    headers = next_link(call, p=start + 1) if more else {}
    return reply(items, headers={**headers, "X-Total-Count": str(len(history))})


def squash(call: Call) -> Response:
    """Replace a branch's history by one commit of its files."""
    repo, name = find_repo(call, "write"), call.params["rev"]
    message = call.text("message", f"Super-squash branch '{name}'") or "Super-squash"
    with call.store.transaction() as db:
        head = read_ref(db, repo.id, branch_ref(name))
        if head is None:
            raise revision_not_found(name)
        tree = resolve_revision(db, repo.id, head).tree
        oid = record_commit(call.store, db, repo, branch_ref(name), tree, None, call.user().name, message)
    return reply({"commitOid": oid})


def _delete(call: Call, repo: Repo, prefix: str, name: str) -> Response:
    with call.store.transaction() as db:
        before = read_ref(db, repo.id, prefix + name)
        if before is None:
            raise revision_not_found(name)
        db.execute("DELETE FROM refs WHERE repo_id = ? AND name = ?", (repo.id, prefix + name))
        events.announce_ref(db, repo, prefix + name, old=before, new=None)
    return reply({})


def _check_name(name: str) -> str:
    if not _REF_NAME.fullmatch(name) or len(name.encode()) > _MAX_REF_BYTES or name.startswith("refs/"):
        raise HubError(400, f"'{name[:80]}' is not a name git would take for a branch or tag")
    return name
