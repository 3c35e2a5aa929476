"""Large files for git: what `git lfs pull` asks for, as short-lived signed URLs."""

import os
from typing import Any

from starlette.responses import FileResponse, Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.signing import read_signed, sign
from factory.localhub.smart_http import find_git_repo
from factory.localhub.store import Store

_PURPOSE = "lfs-download"
_URL_SECONDS = 3600
_MAX_OBJECTS = 1000


def plan_downloads(call: Call) -> Response:
    """Answer a batch request with a URL for each object that the repository has, and an error for each other."""
    repo = find_git_repo(call)
    plans = [_plan(call, repo.id, item if isinstance(item, dict) else {}) for item in read_objects(call.json())]
    content = {"transfer": "basic", "objects": plans, "hash_algo": "sha256"}
    return reply(content, headers={"Content-Type": "application/vnd.git-lfs+json"})


def read_objects(body: dict[str, Any]) -> list[Any]:
    """Return the objects that a batch request names."""
    objects = body.get("objects")
    if not isinstance(objects, list) or len(objects) > _MAX_OBJECTS:
        raise HubError(400, f"'objects' must be a list of at most {_MAX_OBJECTS}")
    return objects


def send(call: Call) -> Response:
    """Send the object that a signed URL stands for, or the asked range of it."""
    claims = read_signed(call.store.secret, _PURPOSE, call.params["token"])
    if not has_upload(call.store, claims["repo"], claims["oid"]):
        raise HubError(404, "This object is not here any more")
    path = call.store.blobs.path(claims["oid"])
    return FileResponse(path, media_type="application/octet-stream", stat_result=os.stat(path))


def has_upload(store: Store, repo_id: int, sha256: str) -> bool:
    """Whether a repository was given the bytes of that SHA-256 and they are still stored."""
    given = store.db.execute("SELECT 1 FROM uploads WHERE repo_id = ? AND sha256 = ?", (repo_id, sha256)).fetchone()
    return store.blobs.size(sha256) is not None and given is not None


def _plan(call: Call, repo_id: int, item: dict[str, Any]) -> dict[str, Any]:
    oid, size = item.get("oid"), item.get("size")
    if not isinstance(oid, str) or not isinstance(size, int):
        raise HubError(400, "An object needs an 'oid' and a 'size'")
    if not has_upload(call.store, repo_id, oid):
        return {"oid": oid, "size": size, "error": {"code": 404, "message": "This repository has no such object"}}
    token = sign(call.store.secret, _PURPOSE, {"repo": repo_id, "oid": oid}, seconds=_URL_SECONDS)
    action = {"href": f"{call.endpoint}/lfs/{token}", "expires_in": _URL_SECONDS}
    return {"oid": oid, "size": size, "authenticated": True, "actions": {"download": action}}
