"""Xet uploads: chunks come in xorbs, a shard says which chunks make a file, and the file becomes an ordinary blob.

A xorb's file is dropped once blobs hold all its chunks: what hf_xet believes to be stored can then still be read,
from the blobs. Xorbs belong to a user: whoever knows a hash cannot name another user's bytes.
"""

import re
import sqlite3
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.repos import find_repo
from factory.localhub.signing import read_signed, sign
from factory.localhub.upload import MAX_FILE_BYTES
from factory.localhub.xorbs import (
    MAX_SHARD_BYTES,
    MAX_XORB_BYTES,
    ShardFile,
    Term,
    decode_chunk,
    read_chunks,
    read_shard,
)

_TOKEN_SECONDS = 3600
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Grant:
    """What a token allows: to give files to one repository as one user."""

    user_id: int
    repo_id: int


def write_token(call: Call) -> Response:
    """Give out a token to upload with and the URL to do it at."""
    proposes = call.flag("create_pr") or call.params["rev"].startswith("refs/pr/")
    repo = find_repo(call, "propose" if proposes else "write")
    user = call.user()
    token = sign(call.store.secret, "xet", {"user": user.storage, "repo": repo.id}, seconds=_TOKEN_SECONDS)
    url, expires = f"{call.endpoint}/xet/{call.store.instance}/{user.storage}", int(time.time()) + _TOKEN_SECONDS
    headers = {"X-Xet-Cas-Url": url, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(expires)}
    return reply({"casUrl": url, "accessToken": token, "exp": expires}, headers=headers)


def xorb_guard(call: Call) -> int:
    _grant(call)
    return MAX_XORB_BYTES


def shard_guard(call: Call) -> int:
    _grant(call)
    return MAX_SHARD_BYTES


def receive_xorb(call: Call) -> Response:
    """Keep a xorb's file until shards have made use of all of it."""
    grant, name = _grant(call), call.params["hash"]
    if not _HASH.fullmatch(name) or call.file is None:
        raise HubError(400, "A xorb needs a hash and a content")
    with call.file.open("rb") as file:
        lengths = [chunk.length for chunk in read_chunks(file)]
    known = _find_xorb(call.store.db, grant, name)
    wanted = known is None or not _is_covered(call.store.db, known["id"])
    if wanted:
        target = _path(call, grant, name)
        target.parent.mkdir(exist_ok=True)
        call.store.blobs.disk.rename(call.file, target)
        with call.store.transaction() as db:
            packed = struct.pack(f"<{len(lengths)}I", *lengths)
            values = (grant.user_id, name, packed, time.time())
            db.execute("INSERT OR IGNORE INTO xorbs (user_id, hash, lengths, created) VALUES (?, ?, ?, ?)", values)
    return reply({"was_inserted": wanted})


def receive_shard(call: Call) -> Response:
    """Rebuild each file of a shard, check its SHA-256 and keep it as a blob."""
    grant = _grant(call)
    if call.file is None:
        raise HubError(400, "A shard needs a content")
    for file in read_shard(call.file.read_bytes()):
        _rebuild(call, grant, file)
    return reply({"result": 1})


def _grant(call: Call) -> Grant:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    claims = read_signed(call.store.secret, "xet", token if scheme.lower() == "bearer" else "")
    if call.params["user"] != str(claims["user"]):
        raise HubError(403, "The token is for another user's storage")
    return Grant(claims["user"], claims["repo"])


def _rebuild(call: Call, grant: Grant, file: ShardFile) -> None:
    if sum(term.length for term in file.terms) > MAX_FILE_BYTES:
        raise HubError(413, f"A file is larger than the {MAX_FILE_BYTES} bytes that are accepted")
    store = call.store
    used: list[tuple[int, Term, int]] = []
    with store.blobs.receive() as received:
        for term in file.terms:
            xorb = _find_xorb(store.db, grant, term.xorb)
            if xorb is None:
                raise HubError(400, f"The xorb {term.xorb} was not uploaded")
            start = received.size
            used.append((xorb["id"], term, start))
            for chunk in _read_term(call, grant, xorb, term):
                received.write(chunk)
            if received.size - start != term.length:
                raise HubError(400, "The chunks of a file do not have the length that the shard announces")
        if received.sha256 != file.sha256:
            raise HubError(400, "The chunks of a file do not have the SHA-256 that the shard announces")
        store.blobs.keep(received)
    with store.transaction() as db:
        db.execute("INSERT OR IGNORE INTO uploads SELECT id, ? FROM repos WHERE id = ?", (file.sha256, grant.repo_id))
        rows = [(xorb_id, term.first, term.last, file.sha256, offset) for xorb_id, term, offset in used]
        db.executemany("INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?)", rows)
    for xorb_id, name in {(xorb_id, term.xorb) for xorb_id, term, _ in used}:
        if _is_covered(store.db, xorb_id):
            _path(call, grant, name).unlink(missing_ok=True)


def _read_term(call: Call, grant: Grant, xorb: sqlite3.Row, term: Term) -> Iterator[bytes]:
    """Yield the bytes of a term, from the xorb's file or, when that is gone, from the blobs made of it."""
    lengths = _lengths(xorb)
    if not 0 <= term.first < term.last <= len(lengths):
        raise HubError(400, "The shard names chunks that the xorb does not have")
    try:
        file = _path(call, grant, term.xorb).open("rb")
    except FileNotFoundError:
        yield from _read_spans(call, xorb, term, lengths)
        return
    with file:
        for chunk in read_chunks(file)[term.first : term.last]:
            yield decode_chunk(file, chunk)


def _read_spans(call: Call, xorb: sqlite3.Row, term: Term, lengths: tuple[int, ...]) -> Iterator[bytes]:
    spans = call.store.db.execute("SELECT * FROM spans WHERE xorb_id = ? ORDER BY first", (xorb["id"],)).fetchall()
    position = term.first
    while position < term.last:
        fitting = [span for span in spans if span["first"] <= position < span["last"]]
        span: Any = max(fitting, key=lambda span: span["last"], default=None)
        if span is None or call.store.blobs.size(span["sha256"]) is None:
            raise HubError(400, f"The xorb {term.xorb} is not stored any more")
        with call.store.blobs.path(span["sha256"]).open("rb") as file:
            file.seek(span["offset"] + sum(lengths[span["first"] : position]))
            while position < min(term.last, span["last"]):
                yield file.read(lengths[position])
                position += 1


def _is_covered(db: sqlite3.Connection, xorb_id: int) -> bool:
    xorb = db.execute("SELECT * FROM xorbs WHERE id = ?", (xorb_id,)).fetchone()
    position = 0
    for span in db.execute("SELECT first, last FROM spans WHERE xorb_id = ? ORDER BY first", (xorb_id,)):
        if span["first"] > position:
            return False
        position = max(position, span["last"])
    return position >= len(_lengths(xorb))


def _find_xorb(db: sqlite3.Connection, grant: Grant, name: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM xorbs WHERE user_id = ? AND hash = ?", (grant.user_id, name)
    ).fetchone()
    return row


def _lengths(xorb: sqlite3.Row) -> tuple[int, ...]:
    return struct.unpack(f"<{len(xorb['lengths']) // 4}I", xorb["lengths"])


def _path(call: Call, grant: Grant, name: str) -> Path:
    return call.store.xorbs / str(grant.user_id) / name
