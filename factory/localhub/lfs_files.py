"""The large files of a repository's whole history, and their deletion for good, which rewrites that history."""

import sqlite3
from collections.abc import Collection
from typing import Any

from starlette.responses import Response

from factory.localhub import metadata
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.listing import next_link
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import BRANCH, Commit, insert_commit, read_commit, read_history, resolve_revision
from factory.localhub.store import Store, format_seconds
from factory.localhub.trees import change_tree, list_files

_PAGE = 1000


def list_large_files(call: Call) -> Response:
    """List each large file that a ref leads to, with the ref and the date at which it came in."""
    repo, db = find_repo(call, "content"), call.store.db
    found: dict[str, dict[str, Any]] = {}
    for ref, head in _refs(db, repo):
        trees: set[str] = set()
        for commit in reversed(list(read_history(db, repo.id, read_commit(db, repo.id, head)))):
            if commit.tree not in trees:
                trees.add(commit.tree)
                _collect(db, ref, commit, found)
    files = sorted(found.values(), key=lambda file: (file["pushedAt"], file["filename"]))
    start = call.whole_number("cursor", 0, highest=10**9)
    more = start + _PAGE < len(files)
    return reply(files[start : start + _PAGE], headers=next_link(call, cursor=start + _PAGE) if more else None)


def delete_large_files(call: Call) -> Response:
    """Delete large files for good: no commit has them any more, and no ref leads to one that had."""
    repo, deletions = find_repo(call, "write"), call.json().get("deletions")
    deletions = deletions if isinstance(deletions, dict) else {}
    shas = deletions.get("sha")
    if not isinstance(shas, list) or len(shas) > _PAGE or not all(isinstance(sha, str) for sha in shas):
        raise HubError(400, f"'deletions' needs a list 'sha' of at most {_PAGE} SHA-256")
    if not deletions.get("rewriteHistory"):
        raise HubError(400, "Commits without their files are not kept here: delete with rewrite_history=True")
    with call.store.transaction() as db:
        _rewrite(call.store, db, repo, set(shas))
        db.executemany("DELETE FROM uploads WHERE repo_id = ? AND sha256 = ?", [(repo.id, sha) for sha in shas])
        unused = [sha for sha in shas if _is_unused(db, sha)]
        for table in ("blobs", "spans"):
            db.executemany(f"DELETE FROM {table} WHERE sha256 = ?", [(sha,) for sha in unused])
        call.store.renew_instance(db)
    with call.store.transaction() as db:  # after the index, which may fail; a commit in between may have them again
        for sha in unused:
            if _is_unused(db, sha):
                call.store.blobs.path(sha).unlink(missing_ok=True)
    return reply({})


def _refs(db: sqlite3.Connection, repo: Repo) -> list[tuple[str, str]]:
    """Return the repository's refs and heads, main first, with branches by their short names."""
    query = "SELECT name, oid FROM refs WHERE repo_id = ? ORDER BY name = ? DESC, name"
    rows = db.execute(query, (repo.id, f"{BRANCH}main")).fetchall()
    return [(row["name"].removeprefix(BRANCH), row["oid"]) for row in rows]


def _collect(db: sqlite3.Connection, ref: str, commit: Commit, found: dict[str, dict[str, Any]]) -> None:
    for path, entry in list_files(db, commit.tree).items():
        if entry.lfs and entry.sha256 not in found:
            found[entry.sha256] = {
                "fileOid": entry.sha256,
                "filename": path,
                "oid": entry.sha256,
                "pushedAt": format_seconds(commit.seconds),
                "ref": ref,
                "size": entry.size,
            }


def _rewrite(store: Store, db: sqlite3.Connection, repo: Repo, shas: Collection[str]) -> None:
    """Write every commit of a repository again without some large files, and lead everything to the new ones."""
    trees: dict[str, str] = {}
    renamed: dict[str | None, str | None] = {None: None}
    heads = [oid for _, oid in _refs(db, repo)]
    heads += [oid for (oid,) in db.execute("SELECT base_oid FROM discussions WHERE repo_id = ?", (repo.id,)) if oid]
    for head in dict.fromkeys(heads):
        for commit in reversed(list(read_history(db, repo.id, read_commit(db, repo.id, head)))):
            if commit.oid not in renamed:
                if commit.tree not in trees:
                    trees[commit.tree] = _without(db, commit.tree, shas)
                tree, parent = trees[commit.tree], renamed[commit.parent]
                renamed[commit.oid] = insert_commit(
                    db, repo.id, tree, parent, commit.author, commit.seconds, commit.message
                )
    moved = [(new, repo.id, old) for old, new in renamed.items() if old != new]
    db.executemany("UPDATE refs SET oid = ? WHERE repo_id = ? AND oid = ?", moved)
    for column in ("base_oid", "merge_oid"):
        db.executemany(f"UPDATE discussions SET {column} = ? WHERE repo_id = ? AND {column} = ?", moved)
    kept = set(renamed.values())
    stored = [oid for (oid,) in db.execute("SELECT oid FROM commits WHERE repo_id = ?", (repo.id,))]
    gone = [(repo.id, oid) for oid in stored if oid not in kept]
    db.executemany("DELETE FROM commits WHERE repo_id = ? AND oid = ?", gone)
    metadata.refresh(store, db, repo.id, repo.type, resolve_revision(db, repo.id, "main").tree)


def _without(db: sqlite3.Connection, tree: str, shas: Collection[str]) -> str:
    gone = [path for path, entry in list_files(db, tree).items() if entry.lfs and entry.sha256 in shas]
    return change_tree(db, tree, dict.fromkeys(gone)) if gone else tree


def _is_unused(db: sqlite3.Connection, sha256: str) -> bool:
    """Whether no repository has these bytes, neither as a large file nor as a small one."""
    query = "SELECT 1 FROM uploads WHERE sha256 = ? UNION ALL SELECT 1 FROM blobs WHERE sha256 = ? AND NOT lfs"
    return db.execute(query, (sha256, sha256)).fetchone() is None
