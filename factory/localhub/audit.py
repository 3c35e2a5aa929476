"""The audit of a Hub: every hash computed again, every name followed to the end."""

import hashlib
from collections.abc import Iterator

from factory.localhub import git
from factory.localhub.garbage import find_reachable
from factory.localhub.store import Store


def find_problems(store: Store) -> list[str]:
    """Return what is wrong with a store, one sentence each; nothing is changed."""
    return [*_database(store), *_blobs(store), *_refs(store), *_commits(store), *_trees(store)]


def _database(store: Store) -> Iterator[str]:
    for (line,) in store.db.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"the index is damaged: {line}"


def _blobs(store: Store) -> Iterator[str]:
    for path in sorted(store.blobs.folder.glob("??/*")):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != path.name:
            yield f"the blob {path.name} has the content of {found}"


def _refs(store: Store) -> Iterator[str]:
    query = """SELECT namespace, repos.name AS repo, refs.name AS ref, refs.oid AS oid FROM refs
        JOIN repos ON repos.id = refs.repo_id
        LEFT JOIN commits ON commits.repo_id = refs.repo_id AND commits.oid = refs.oid
        WHERE commits.oid IS NULL"""
    for row in store.db.execute(query):
        yield f"{row['namespace']}/{row['repo']}: {row['ref']} leads to the commit {row['oid']}, which is not stored"
    unborn = """SELECT namespace, name FROM repos WHERE NOT EXISTS
        (SELECT 1 FROM refs WHERE repo_id = repos.id AND refs.name = 'refs/heads/main')"""
    for row in store.db.execute(unborn):
        yield f"{row['namespace']}/{row['name']}: has no branch main"


def _commits(store: Store) -> Iterator[str]:
    stored = {(row["repo_id"], row["oid"]) for row in store.db.execute("SELECT repo_id, oid FROM commits")}
    trees = {oid for (oid,) in store.db.execute("SELECT oid FROM trees")}
    for row in store.db.execute("SELECT * FROM commits"):
        content = git.encode_commit(row["tree"], row["parent"], row["author"], row["seconds"], row["message"])
        if git.object_id("commit", content) != row["oid"]:
            yield f"the commit {row['oid']} does not have the content of its id"
        if row["parent"] is not None and (row["repo_id"], row["parent"]) not in stored:
            yield f"the commit {row['oid']} has the parent {row['parent']}, which is not stored"
        if row["tree"] not in trees:
            yield f"the commit {row['oid']} has the tree {row['tree']}, which is not stored"


def _trees(store: Store) -> Iterator[str]:
    damaged = [
        row["oid"]
        for row in store.db.execute("SELECT oid, content FROM trees")
        if git.object_id("tree", row["content"]) != row["oid"]
    ]
    yield from (f"the tree {oid} does not have the content of its id" for oid in damaged)
    if damaged:
        return  # what such a tree leads to means nothing
    _, trees, oids = find_reachable(store.db)
    stored = {oid for (oid,) in store.db.execute("SELECT oid FROM trees")}
    yield from (f"the tree {oid} is not stored" for oid in sorted(trees - stored))
    known = {row["oid"]: row for row in store.db.execute("SELECT * FROM blobs")}
    for oid in sorted(oids):
        row = known.get(oid)
        if row is None:
            yield f"the file {oid} is in a tree and not in the index"
            continue
        path = store.blobs.path(row["sha256"])
        if not path.is_file() or path.stat().st_size != row["size"]:
            yield f"the blob {row['sha256']} of the file {oid} is missing or not {row['size']} bytes long"
        elif row["lfs"] and git.object_id("blob", git.lfs_pointer(row["sha256"], row["size"])) != oid:
            yield f"the file {oid} is not the pointer of its blob {row['sha256']}"
