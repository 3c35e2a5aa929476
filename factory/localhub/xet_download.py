"""Xet downloads: a large file is described as runs of plain chunks, which are cut from its blob as they are asked for.

No xorb is stored: the Hub makes up one for each part of a blob. The file's hash in this protocol is its SHA-256, which
clients use as a name only.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.repos import find_repo
from factory.localhub.revisions import resolve_revision
from factory.localhub.signing import read_signed, sign

_CHUNK_BYTES = 128 * 2**10
_CHUNKS_A_PART = 256
_PART_BYTES = _CHUNK_BYTES * _CHUNKS_A_PART
_HEADER_BYTES = 8
_TOKEN_SECONDS = 3600
_CHUNKS_A_READ = 8
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})")


def read_token(call: Call) -> Response:
    """Give out a token to download a repository's large files with and the URL to do it at."""
    repo = find_repo(call, "content")
    resolve_revision(call.store.db, repo.id, call.params["rev"])
    token = sign(call.store.secret, "xet-read", {"repo": repo.id}, seconds=_TOKEN_SECONDS)
    url, expires = f"{call.endpoint}/xet/{call.store.instance}/read", int(time.time()) + _TOKEN_SECONDS
    headers = {"X-Xet-Cas-Url": url, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(expires)}
    return reply({"casUrl": url, "accessToken": token, "exp": expires}, headers=headers)


def describe_file(call: Call) -> Response:
    """Tell of which chunks a file, or the asked range of it, is made and where they are."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    claims = read_signed(call.store.secret, "xet-read", token if scheme.lower() == "bearer" else "")
    sha256 = call.params["hash"]
    given = call.store.db.execute("SELECT 1 FROM uploads WHERE repo_id = ? AND sha256 = ?", (claims["repo"], sha256))
    size = call.store.blobs.size(sha256) if given.fetchone() else None
    if size is None:
        raise HubError(404, "File not found")
    start, end = _read_range(call, size)
    if start >= size:
        raise HubError(416, "The range starts after the end of the file")
    parts = range(start // _PART_BYTES, (end - 1) // _PART_BYTES + 1)
    runs = [_run(sha256, size, part, start, end) for part in parts]
    fetch = {run["hash"]: [_fetch_info(call, sha256, part, run)] for part, run in zip(parts, runs, strict=True)}
    return reply({"offset_into_first_range": start % _CHUNK_BYTES, "terms": runs, "fetch_info": fetch})


def send_part(call: Call) -> Response:
    """Send the chunks that a signed URL stands for."""
    claims = read_signed(call.store.secret, "xet-part", call.params["token"])
    path, size = call.store.blobs.path(claims["sha256"]), call.store.blobs.size(claims["sha256"])
    if size is None:
        raise HubError(404, "File not found")
    first, last = claims["first"], claims["last"]
    start = claims["part"] * _PART_BYTES + first * _CHUNK_BYTES
    end = min(claims["part"] * _PART_BYTES + last * _CHUNK_BYTES, size)
    packed = end - start + _HEADER_BYTES * (last - first)
    offset = first * (_CHUNK_BYTES + _HEADER_BYTES)
    headers = {"Content-Length": str(packed), "Content-Range": f"bytes {offset}-{offset + packed - 1}/*"}

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(start)
            position = start
            while position < end:
                raw = file.read(min(_CHUNKS_A_READ * _CHUNK_BYTES, end - position))
                position += len(raw)
                yield b"".join(_pack(raw[at : at + _CHUNK_BYTES]) for at in range(0, len(raw), _CHUNK_BYTES))

    return StreamingResponse(chunks(), 206, headers, media_type="application/octet-stream")


def _pack(raw: bytes) -> bytes:
    length = len(raw).to_bytes(3, "little")
    return b"\0" + length + b"\0" + length + raw


def _read_range(call: Call, size: int) -> tuple[int, int]:
    header = call.headers.get("range")
    found = _RANGE.fullmatch(header) if header else None
    if header and (found is None or int(found[2]) < int(found[1])):
        raise HubError(400, "The range is not of the form bytes=first-last")
    return (int(found[1]), min(int(found[2]) + 1, size)) if found else (0, size)


def _run(sha256: str, size: int, part: int, start: int, end: int) -> dict[str, Any]:
    """Return the chunks of one part of a blob that cover `start` to before `end` of the file."""
    base = part * _PART_BYTES
    first = max(start - base, 0) // _CHUNK_BYTES
    last = min(-(-(end - base) // _CHUNK_BYTES), _CHUNKS_A_PART)
    length = min(base + last * _CHUNK_BYTES, size) - base - first * _CHUNK_BYTES
    name = hashlib.sha256(f"{sha256}:{part}".encode()).hexdigest()
    return {"hash": name, "unpacked_length": length, "range": {"start": first, "end": last}}


def _fetch_info(call: Call, sha256: str, part: int, run: dict[str, Any]) -> dict[str, Any]:
    first, last = run["range"]["start"], run["range"]["end"]
    claims = {"sha256": sha256, "part": part, "first": first, "last": last}
    url = f"{call.endpoint}/xet/parts/{sign(call.store.secret, 'xet-part', claims, seconds=_TOKEN_SECONDS)}"
    offset = first * (_CHUNK_BYTES + _HEADER_BYTES)
    packed = run["unpacked_length"] + _HEADER_BYTES * (last - first)
    return {"range": run["range"], "url": url, "url_range": {"start": offset, "end": offset + packed - 1}}
