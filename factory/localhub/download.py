"""Downloads: `resolve` with ranges, and the headers that clients name and check their cache by."""

import mimetypes
import os
from urllib.parse import quote

from starlette.responses import FileResponse, Response

from factory.localhub.calls import Call
from factory.localhub.errors import entry_not_found
from factory.localhub.repos import find_repo
from factory.localhub.revisions import resolve_revision
from factory.localhub.trees import find_entry


class _File(FileResponse):
    chunk_size = 2**20


def resolve(call: Call) -> Response:
    """Send a file of a revision, or the range of it that was asked for.

    The ETag is git's id of a small file and the SHA-256 of a large one: it becomes the file's name in clients' caches.
    A missing file is a 404 that names the commit, which clients remember.
    """
    repo, path = find_repo(call, "content"), call.params["path"]
    commit = resolve_revision(call.store.db, repo.id, call.params["rev"])
    entry = find_entry(call.store.db, commit.tree, path)
    if entry is None or entry.is_directory or not path:
        missing = entry_not_found(path)
        missing.headers["X-Repo-Commit"] = commit.oid
        raise missing
    name = path.rsplit("/", 1)[-1]
    headers = {
        "ETag": f'"{entry.sha256 if entry.lfs else entry.oid}"',
        "X-Repo-Commit": commit.oid,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if entry.lfs:
        route = f"{call.endpoint}/api/{repo.type}s/{repo.full_name}/xet-read-token/{commit.oid}"
        headers |= {"X-Linked-Size": str(entry.size), "X-Linked-Etag": headers["ETag"]}
        headers |= {"X-Xet-Hash": entry.sha256, "Link": f'<{route}>; rel="xet-auth"'}
    file = call.store.blobs.path(entry.sha256)
    media_type = _media_type(name)
    return _File(file, headers=headers, media_type=media_type, stat_result=os.stat(file))


def _media_type(name: str) -> str:
    guessed, encoding = mimetypes.guess_type(name)
    if name.endswith((".md", ".txt", ".jsonl", ".yaml", ".yml", ".py", ".csv", ".html", ".svg", ".xml")):
        return "text/plain; charset=utf-8"
    return guessed if guessed and not encoding else "application/octet-stream"
