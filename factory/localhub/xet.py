"""Xet uploads: chunks come in xorbs, a shard says which chunks make a file, and the file becomes an ordinary blob.

A xorb's file is dropped once blobs hold all its chunks: what hf_xet believes to be stored can then still be read,
from the blobs. Xorbs belong to a user: whoever knows a hash cannot name another user's bytes.
"""

import re
import time
from dataclasses import dataclass

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.repos import find_repo
from factory.localhub.signing import read_signed, sign
from factory.localhub.upload import MAX_FILE_BYTES
from factory.localhub.xet_storage import Xorb, pack_lengths
from factory.localhub.xorbs import MAX_SHARD_BYTES, MAX_XORB_BYTES, ShardFile, read_chunks, read_shard

MAX_REPEATED_BYTES = 64 * 2**30
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
    wanted = not _is_kept(call, grant, name)
    if wanted:
        target = call.store.xorbs / str(grant.user_id) / name
        target.parent.mkdir(exist_ok=True)
        call.store.blobs.disk.rename(call.file, target)
        with call.store.transaction() as db:
            values = (grant.user_id, name, pack_lengths(lengths), time.time())
            db.execute("INSERT OR IGNORE INTO xorbs (user_id, hash, lengths, created) VALUES (?, ?, ?, ?)", values)
    return reply({"was_inserted": wanted})


def receive_shard(call: Call) -> Response:
    """Rebuild each file of a shard, check its SHA-256 and keep it as a blob.

    Raises a 413 before anything is unpacked when a file is too large, or the shard's files are together larger than
    the xorbs that they are made of by more than may be repeated.
    """
    grant = _grant(call)
    if call.file is None:
        raise HubError(400, "A shard needs a content")
    files = read_shard(call.file.read_bytes())
    xorbs = _find_xorbs(call, grant, files)
    for file in files:
        _rebuild(call, grant, file, xorbs)
    return reply({"result": 1})


def _grant(call: Call) -> Grant:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    claims = read_signed(call.store.secret, "xet", token if scheme.lower() == "bearer" else "")
    if call.params["user"] != str(claims["user"]):
        raise HubError(403, "The token is for another user's storage")
    return Grant(claims["user"], claims["repo"])


def _is_kept(call: Call, grant: Grant, name: str) -> bool:
    """Tell whether blobs hold all the chunks of a xorb that was uploaded before."""
    query = "SELECT 1 FROM xorbs WHERE user_id = ? AND hash = ?"
    known = call.store.db.execute(query, (grant.user_id, name)).fetchone()
    return known is not None and Xorb(call.store, grant.user_id, name).is_covered()


def _find_xorbs(call: Call, grant: Grant, files: list[ShardFile]) -> dict[str, Xorb]:
    """Return the xorbs that files are made of, once each file is known to be within the limits."""
    names = {term.xorb for file in files for term in file.terms}
    xorbs = {name: Xorb(call.store, grant.user_id, name) for name in names}
    unfolded = 0
    for file in files:
        for term in file.terms:
            xorbs[term.xorb].check(term)
        size = sum(term.length for term in file.terms)
        if size > MAX_FILE_BYTES:
            raise HubError(413, f"A file is larger than the {MAX_FILE_BYTES} bytes that are accepted")
        unfolded += size
    if unfolded > sum(xorb.length for xorb in xorbs.values()) + MAX_REPEATED_BYTES:
        hint = "upload such files with HF_HUB_DISABLE_XET=1"
        raise HubError(413, f"The shard repeats more than the {MAX_REPEATED_BYTES} bytes that are accepted: {hint}")
    return xorbs


def _rebuild(call: Call, grant: Grant, file: ShardFile, xorbs: dict[str, Xorb]) -> None:
    store = call.store
    rows: list[tuple[int, int, int, str, int]] = []
    with store.blobs.receive() as received:
        for term in file.terms:
            start = received.size
            rows.append((xorbs[term.xorb].id, term.first, term.last, file.sha256, start))
            for chunk in xorbs[term.xorb].read(term):
                received.write(chunk)
            if received.size - start != term.length:
                raise HubError(400, "The chunks of a file do not have the length that the shard announces")
        if received.sha256 != file.sha256:
            raise HubError(400, "The chunks of a file do not have the SHA-256 that the shard announces")
        store.blobs.keep(received)
    with store.transaction() as db:
        db.execute("INSERT OR IGNORE INTO uploads SELECT id, ? FROM repos WHERE id = ?", (file.sha256, grant.repo_id))
        db.executemany("INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?)", rows)
    for name in {term.xorb for term in file.terms}:
        if xorbs[name].is_covered():
            xorbs[name].path.unlink(missing_ok=True)
