"""Commits: the payload of `create_commit`, checked against the parent and written in one transaction."""

import base64
import binascii
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from factory.localhub import discussions, events, git, metadata
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError, entry_not_found, forbidden, revision_not_found
from factory.localhub.repos import Repo, find_repo, repo_of_row
from factory.localhub.revisions import (
    BRANCH,
    PULL_REQUEST,
    branch_ref,
    insert_commit,
    read_commit,
    read_ref,
    write_ref,
)
from factory.localhub.store import Store, timestamp
from factory.localhub.trees import Entry, add_blob, change_tree, check_path, find_entry

MAX_COMMIT_BYTES = 2**30
_MAX_LINE_BYTES = 32 * 2**20
_MAX_TITLE_CHARACTERS = 500
_MAX_FILES = 25_000
_STALE = "The branch was updated since you opened this page. Please refresh and try again."


@dataclass
class Payload:
    """What a client asks to commit: paths to new entries, None for a removal, in the order they were sent."""

    summary: str = ""
    description: str = ""
    parent: str | None = None
    changes: dict[str, Entry | None] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        return f"{self.summary}\n\n{self.description}" if self.description else self.summary


def commit_guard(call: Call) -> int:
    """Refuse who may not commit before their files are received."""
    _target(call)
    return MAX_COMMIT_BYTES


def commit(call: Call) -> Response:
    """Commit files to a branch or pull request; `create_pr=1` opens a new pull request for them."""
    repo, ref = _target(call)
    payload = _read_payload(call, repo)
    account = call.user()
    with call.store.transaction() as db:
        pull_request = None
        if call.flag("create_pr"):
            base_oid = read_ref(db, repo.id, ref)
            if base_oid is None:
                raise revision_not_found(call.params["rev"])
            num = discussions.open_discussion(
                db, repo.id, payload.summary, payload.description, account.name, base=ref, base_oid=base_oid
            )
            ref, pull_request = f"{PULL_REQUEST}{num}", num
        oid = apply_payload(call.store, db, repo, ref, payload, account.name)
        if ref.startswith(PULL_REQUEST):
            discussions.record_commit(
                db, repo.id, int(ref.removeprefix(PULL_REQUEST)), account.name, payload.summary, oid
            )
    url = f"{call.endpoint}/{repo.path}"
    content: dict[str, Any] = {"success": True, "commitOid": oid, "commitUrl": f"{url}/commit/{oid}", "hookOutput": ""}
    if pull_request is not None:
        content["pullRequestUrl"] = f"{url}/discussions/{pull_request}"
    return reply(content)


def apply_payload(store: Store, db: sqlite3.Connection, repo: Repo, ref: str, payload: Payload, author: str) -> str:
    """Write a commit on top of a ref inside the caller's transaction and return its id; nothing new, no commit.

    Raises a 412 when the ref is not at the parent that the client saw.
    """
    head = read_ref(db, repo.id, ref)
    if head is None:
        raise revision_not_found(ref.removeprefix(BRANCH))
    _check_parent(payload.parent, head)
    parent = read_commit(db, repo.id, head)
    for path in payload.removed:
        if find_entry(db, parent.tree, path) is None:
            raise entry_not_found(path)
    for entry in filter(None, payload.changes.values()):
        if store.blobs.size(entry.sha256) is None:
            raise HubError(409, "A file was collected as garbage before it was committed: upload it again")
        add_blob(db, entry)
        if entry.lfs:
            db.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?)", (repo.id, entry.sha256))
    tree = change_tree(db, parent.tree, payload.changes)
    if tree == parent.tree:
        return head
    return record_commit(store, db, repo, ref, tree, head, author, payload.message)


def write_commit(
    store: Store, db: sqlite3.Connection, repo: Repo, ref: str, files: Mapping[str, str], author: str, message: str
) -> str:
    """Write a first commit of small text files inside the caller's transaction and return its id."""
    changes: dict[str, Entry | None] = {}
    for path, text in files.items():
        entry = store_file(store, text.encode())
        add_blob(db, entry)
        changes[path] = entry
    return record_commit(store, db, repo, ref, change_tree(db, None, changes), None, author, message)


def record_commit(
    store: Store,
    db: sqlite3.Connection,
    repo: Repo,
    ref: str,
    tree: str,
    parent: str | None,
    author: str,
    message: str,
) -> str:
    """Write a commit of a finished tree, move the ref to it and return its id."""
    oid = insert_commit(db, repo.id, tree, parent, author, int(time.time()), message)
    before = read_ref(db, repo.id, ref)
    write_ref(db, repo.id, ref, oid)
    events.announce_ref(db, repo, ref, old=before, new=oid)
    if ref == f"{BRANCH}main":
        metadata.refresh(store, db, repo.id, repo.type, tree)
        db.execute("UPDATE repos SET updated = ? WHERE id = ?", (timestamp(), repo.id))
    return oid


def store_file(store: Store, content: bytes) -> Entry:
    """Store a small file's content and return its entry."""
    if git.is_lfs_pointer(content):
        raise HubError(400, "A file is a Git LFS pointer: upload the large file it stands for instead")
    return Entry(git.object_id("blob", content), False, store.blobs.put(content), len(content))


def store_large_file(sha256: str, size: int) -> Entry:
    """Return the entry of a large file whose content is stored already."""
    return Entry(git.object_id("blob", git.lfs_pointer(sha256, size)), False, sha256, size, lfs=True)


def _target(call: Call) -> tuple[Repo, str]:
    ref = branch_ref(call.params["rev"])
    proposes = call.flag("create_pr") or ref.startswith(PULL_REQUEST)
    repo = find_repo(call, "propose" if proposes else "write")
    if ref.startswith(PULL_REQUEST) and not call.flag("create_pr"):
        author = discussions.find_discussion(call.store.db, repo.id, ref.removeprefix(PULL_REQUEST))["author"]
        if author != call.user().name and not call.user().owns(repo.namespace, "write", repo.name):
            raise forbidden("Only its author and the repository's owner may commit to a pull request")
    return repo, ref


def _check_parent(expected: str | None, head: str) -> None:
    if expected and not (len(expected) >= 7 and head.startswith(expected.lower())):
        raise HubError(412, _STALE)


def _read_payload(call: Call, repo: Repo) -> Payload:
    payload = Payload()
    for number, line in enumerate(call.lines(_MAX_LINE_BYTES), 1):
        if not line.strip():
            continue
        if number > _MAX_FILES:
            raise HubError(413, f"A commit changes at most {_MAX_FILES} files: send several commits")
        try:
            item = json.loads(line)
            key, value = item["key"], item["value"]
            _read_operation(call, repo, payload, key, value)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
            raise HubError(400, f"Line {number} of the commit is not an operation") from None
    if not payload.summary.strip():
        raise HubError(400, "The commit has no summary")
    return payload


def _read_operation(call: Call, repo: Repo, payload: Payload, key: str, value: dict[str, Any]) -> None:
    if key == "header":
        payload.summary = str(value["summary"])[:_MAX_TITLE_CHARACTERS].split("\n", 1)[0]
        payload.description = str(value.get("description") or "")
        payload.parent = str(value.get("parentCommit") or "") or None
    elif key == "file":
        _add(payload, value["path"], store_file(call.store, base64.b64decode(value["content"], validate=True)))
    elif key == "lfsFile":
        _add(payload, value["path"], _uploaded(call, repo, str(value["oid"])))
    elif key in ("deletedFile", "deletedFolder"):
        path = check_path(str(value["path"]).rstrip("/"))
        if payload.changes.pop(path, None) is None:
            payload.removed.append(path)
        for below in [other for other in payload.changes if other.startswith(f"{path}/")]:
            del payload.changes[below]
        payload.changes[path] = None
    else:
        raise HubError(400, f"'{key}' is not an operation of a commit")


def _add(payload: Payload, path: str, entry: Entry) -> None:
    payload.changes[check_path(path)] = entry


def _uploaded(call: Call, repo: Repo, sha256: str) -> Entry:
    """Return a large file's entry if this repository, or one the caller can read, was given its bytes."""
    size = call.store.blobs.size(sha256)
    rows = call.store.db.execute(
        "SELECT repos.* FROM uploads JOIN repos ON repos.id = repo_id WHERE sha256 = ?", (sha256,)
    )
    if size is None or not any(repo_of_row(row).is_open_to(call.account, call.store.db) for row in rows):
        raise HubError(400, f"The large file {sha256} was not uploaded to {repo.full_name}")
    return store_large_file(sha256, size)
