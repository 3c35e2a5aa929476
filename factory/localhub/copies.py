"""Copies between repositories: whole ones, and large files that need not be sent again."""

from typing import Any

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.lfs_download import has_upload
from factory.localhub.lifecycle import is_private
from factory.localhub.repos import check_name, create_repo, find_repo, load_repo, spelling

_MAX_FILES = 1000


def duplicate(call: Call) -> Response:
    """Copy a repository with its branches, tags and history to a new name of the caller."""
    source, body = find_repo(call, "content"), call.json()
    namespace, _, name = call.text("repository").partition("/")
    check_name(namespace, name)
    account = call.writer(namespace, name)
    with call.store.transaction() as db:
        existing = load_repo(db, source.type, namespace, name)
        if existing is not None:
            raise HubError(409, "A repository of that name exists already", url=f"{call.endpoint}/{existing.path}")
        private = is_private(body, source.private)
        repo = create_repo(db, source.type, spelling(account, namespace), name, private=private)
        for statement in (
            "INSERT INTO commits SELECT ?, oid, tree, parent, author, seconds, message FROM commits WHERE repo_id = ?",
            "INSERT INTO refs SELECT ?, name, oid FROM refs WHERE repo_id = ? AND name NOT LIKE 'refs/pr/%'",
            "INSERT INTO uploads SELECT ?, sha256 FROM uploads WHERE repo_id = ?",
        ):
            db.execute(statement, (repo.id, source.id))
        db.execute(
            "UPDATE repos SET (card, tags, config, pipeline_tag, library_name, space) = "
            "(SELECT card, tags, config, pipeline_tag, library_name, space FROM repos WHERE id = ?) WHERE id = ?",
            (source.id, repo.id),
        )
    return reply({"url": f"{call.endpoint}/{repo.path}"})


def duplicate_files(call: Call) -> Response:
    """Give large files of this repository to another one that the caller may write to."""
    source, body = find_repo(call, "content"), call.json()
    target, files = body.get("target"), body.get("files")
    if not isinstance(target, dict) or not isinstance(files, list) or len(files) > _MAX_FILES:
        raise HubError(400, f"A 'target' and at most {_MAX_FILES} 'files' are needed")
    call.params["namespace"], _, call.params["name"] = str(target.get("name")).partition("/")
    call.params["type"] = f"{target.get('type')}s"
    repo = find_repo(call, "write")
    succeeded: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    with call.store.transaction() as db:
        for file in files:
            sha256 = str(file.get("sha256")) if isinstance(file, dict) else ""
            if has_upload(call.store, source.id, sha256):
                db.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?)", (repo.id, sha256))
                succeeded.append({"sha256": sha256})
            else:
                failed.append({"sha256": sha256, "error": "this repository has no such file"})
    return reply({"succeeded": succeeded, "failed": failed})
