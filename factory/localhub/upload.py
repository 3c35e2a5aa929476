"""Before a commit: which files are large, and the Git LFS protocol that receives them, whole or in parts."""

import base64
import binascii
import hashlib
import shutil
from pathlib import Path
from typing import Any

from starlette.responses import Response

from factory.localhub.attributes import is_ignored, is_large
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.lfs_download import has_upload, plan_downloads, read_objects
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import PULL_REQUEST, resolve_revision
from factory.localhub.signing import read_signed, sign
from factory.localhub.trees import check_path, find_entry

MAX_FILE_BYTES = 512 * 2**30
PART_BYTES = 32 * 2**20
_URL_SECONDS = 6 * 3600
_MAX_FILES = 1000
_READ_BYTES = 2**20


def preupload(call: Call) -> Response:
    """Tell for each file how it is to be uploaded, whether it is ignored, and what is there already."""
    proposes = call.flag("create_pr") or call.params["rev"].startswith(PULL_REQUEST)
    repo, body, db = find_repo(call, "propose" if proposes else "write"), call.json(), call.store.db
    files = body.get("files")
    if not isinstance(files, list) or len(files) > _MAX_FILES:
        raise HubError(400, f"'files' must be a list of at most {_MAX_FILES} files")
    tree = resolve_revision(db, repo.id, call.params["rev"]).tree
    attributes = _read_text(call, tree, ".gitattributes")
    gitignore = body.get("gitIgnore")
    gitignore = gitignore if isinstance(gitignore, str) else _read_text(call, tree, ".gitignore")
    modes = []
    for path, size, sample in map(_read_file, files):
        entry = find_entry(db, tree, path)
        lfs = is_large(path, size, sample, attributes)
        oid = (entry.sha256 if entry.lfs else entry.oid) if entry and not entry.is_directory else None
        ignored = is_ignored(path, gitignore)
        modes.append({"path": path, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": ignored, "oid": oid})
    return reply({"files": modes})


def batch(call: Call) -> Response:
    """Answer a Git LFS batch request: a signed URL for each object to upload that is not there, or to download."""
    body = call.json()
    if body.get("operation") == "download":
        return plan_downloads(call)
    repo = find_repo(call, "propose")
    if body.get("operation") != "upload":
        raise HubError(400, "'operation' must be upload or download")
    objects = read_objects(body)
    transfers = body.get("transfers")
    transfer = "multipart" if isinstance(transfers, list) and "multipart" in transfers else "basic"
    return reply({"transfer": transfer, "objects": [_plan(call, repo, item, transfer) for item in objects]})


def upload_guard(call: Call) -> int:
    """Refuse a forged or expired URL before its content is received."""
    claims = _claims(call)
    return int(claims["size"])


def receive(call: Call) -> Response:
    """Receive an object at its signed URL; what does not hash to its name is refused."""
    claims = _claims(call)
    if claims.get("part") is not None:
        return _receive_part(call, claims)
    _keep(call, claims, [_file(call)])
    return reply({})


def complete(call: Call) -> Response:
    """Put an object's parts together; once that is done, asking again is no error."""
    claims = _claims(call)
    if has_upload(call.store, claims["repo"], claims["oid"]):
        return reply({})
    folder = _parts_folder(call, claims)
    count = -(-int(claims["total"]) // PART_BYTES)
    parts = [folder / str(number) for number in range(1, count + 1)]
    if not all(part.exists() for part in parts):
        raise HubError(400, "A part of the upload is missing")
    _keep(call, claims, parts)
    shutil.rmtree(folder, ignore_errors=True)
    return reply({})


def _plan(call: Call, repo: Repo, item: Any, transfer: str) -> dict[str, Any]:
    oid, size = (item.get("oid"), item.get("size")) if isinstance(item, dict) else (None, None)
    if not isinstance(oid, str) or not isinstance(size, int) or not 0 <= size <= MAX_FILE_BYTES:
        raise HubError(400, "An object needs an 'oid' and a 'size'")
    if has_upload(call.store, repo.id, oid):
        return {"oid": oid, "size": size}
    claims = {"repo": repo.id, "oid": oid, "total": size}
    if transfer == "multipart" and size > PART_BYTES:
        header = {"chunk_size": str(PART_BYTES)}
        for number in range(1, -(-size // PART_BYTES) + 1):
            part_bytes = min(PART_BYTES, size - (number - 1) * PART_BYTES)
            header[f"{number:05d}"] = _url(call, {**claims, "part": number, "size": part_bytes})
        upload = {"href": _url(call, {**claims, "size": 2**20}), "header": header}
    else:
        upload = {"href": _url(call, {**claims, "size": size}), "header": {}}
    return {"oid": oid, "size": size, "authenticated": True, "actions": {"upload": upload}}


def _url(call: Call, claims: dict[str, Any]) -> str:
    return f"{call.endpoint}/lfs/{sign(call.store.secret, 'lfs', claims, seconds=_URL_SECONDS)}"


def _claims(call: Call) -> dict[str, Any]:
    return read_signed(call.store.secret, "lfs", call.params["token"])


def _file(call: Call) -> Path:
    if call.file is None:
        raise HubError(400, "The upload has no content")
    return call.file


def _receive_part(call: Call, claims: dict[str, Any]) -> Response:
    if _file(call).stat().st_size != claims["size"]:
        raise HubError(400, "The part is not of the size that was announced")
    folder = _parts_folder(call, claims)
    folder.mkdir(exist_ok=True)
    call.store.blobs.disk.rename(_file(call), folder / str(claims["part"]))
    return reply({}, headers={"ETag": f'"{claims["oid"]}-{claims["part"]}"'})


def _parts_folder(call: Call, claims: dict[str, Any]) -> Path:
    return call.store.blobs.incoming / f"parts-{claims['repo']}-{call.store.blobs.path(claims['oid']).name}"


def _keep(call: Call, claims: dict[str, Any], parts: list[Path]) -> None:
    whole, *others = parts
    with whole.open("ab") as file:
        for part in others:
            with part.open("rb") as content:
                shutil.copyfileobj(content, file, _READ_BYTES)
            part.unlink()
    with whole.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if sha256 != claims["oid"] or whole.stat().st_size != claims["total"]:
        raise HubError(400, "The content does not have the size and SHA-256 that were announced")
    call.store.blobs.adopt(whole, sha256)
    with call.store.transaction() as db:
        db.execute(
            "INSERT OR IGNORE INTO uploads SELECT id, ? FROM repos WHERE id = ?", (claims["oid"], claims["repo"])
        )


def _read_file(item: Any) -> tuple[str, int, bytes]:
    try:
        path, size, sample = item["path"], item["size"], base64.b64decode(item.get("sample") or "")
    except (TypeError, KeyError, binascii.Error, ValueError, AttributeError):
        raise HubError(400, "Each of 'files' needs a path, a size and a sample in base64") from None
    if not isinstance(size, int) or size < 0:
        raise HubError(400, "The size of a file must be a whole number")
    return check_path(path), size, sample


def _read_text(call: Call, tree: str, path: str) -> str:
    entry = find_entry(call.store.db, tree, path)
    if entry is None or entry.is_directory or entry.size > 2**20:
        return ""
    return call.store.blobs.read(entry.sha256).decode(errors="replace")
