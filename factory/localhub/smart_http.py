"""Cloning and fetching with git over HTTP; pushing is what the commit endpoint is for.

Source: `gitprotocol-http` and `gitprotocol-pack` in git's documentation, version 0 with `multi_ack_detailed`.
"""

import base64
import binascii
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.responses import Response, StreamingResponse

from factory.localhub.calls import Call
from factory.localhub.errors import HubError, Moved
from factory.localhub.packs import History, stream_pack, walk_history
from factory.localhub.pktlines import FLUSH, pkt_line, read_pkt_lines, side_band
from factory.localhub.repos import Repo, find_repo
from factory.localhub.routing import MAX_JSON_BYTES
from factory.localhub.store import Store

_CAPABILITIES = (
    "multi_ack_detailed side-band-64k shallow no-progress include-tag allow-tip-sha1-in-want "
    "allow-reachable-sha1-in-want symref=HEAD:refs/heads/main object-format=sha1 agent=hf-factory"
)
_READ_ONLY = "This Hub is read over git and written over its API: push with `hf upload` or huggingface_hub instead"
_MAX_WANTS = 10_000
_PATHS = ("/info/refs", "/git-upload-pack", "/info/lfs/objects/batch")


@dataclass
class _Request:
    """What a client asks for: commits that it wants and has, how deep, and whether it is done telling."""

    wants: list[str] = field(default_factory=list)
    haves: list[str] = field(default_factory=list)
    shallow: list[str] = field(default_factory=list)
    depth: int | None = None
    done: bool = False


def read_authorization(call: Call) -> str | None:
    """Return the `Authorization` of a call: at git's addresses the password of a Basic one is a token."""
    authorization = call.headers.get("authorization")
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or not call.raw_path.endswith(_PATHS):
        return authorization
    try:
        _, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    return f"Bearer {token or '-'}"


def advertise_refs(call: Call) -> Response:
    """List a repository's refs to git; a push is refused in a sentence that git shows."""
    repo, service = find_git_repo(call), call.query.get("service", "")
    if service not in ("git-upload-pack", "git-receive-pack"):
        raise HubError(400, "Only git's smart protocol is spoken here: use git 1.6.6 or newer")
    lines = [pkt_line(f"# service={service}"), FLUSH]
    if service == "git-receive-pack":
        lines.append(pkt_line(f"ERR {_READ_ONLY}"))
    else:
        lines += [*_refs(call.store.db, repo), FLUSH]
    return _answer(b"".join(lines), f"application/x-{service}-advertisement")


def upload_pack(call: Call) -> Response:
    """Agree with git on what it has and send the rest as a pack."""
    repo, db = find_git_repo(call), call.store.db
    asked = _read_request(_inflate(call))
    if not asked.wants:
        return _answer(b"")
    for want in asked.wants:
        if not _has_commit(db, repo, want):
            return _answer(pkt_line(f"ERR upload-pack: not our ref {want[:40]}"))
    common = [oid for oid in asked.haves if _has_commit(db, repo, oid)]
    owned = set(walk_history(db, repo.id, common, ends=asked.shallow).commits)
    history = _wanted(db, repo, asked, owned)
    head = _boundary(asked, history) if asked.depth else b""
    head += _acknowledge(asked, common, is_ready=bool(common) and not _reaches_root(db, repo, history))
    if not asked.done:
        return _answer(head)
    return StreamingResponse(
        _send(call.store, repo, head, [oid for oid in history.commits if oid not in owned], common),
        media_type="application/x-git-upload-pack-result",
        headers={"Cache-Control": "no-cache"},
    )


def find_git_repo(call: Call) -> Repo:
    """Return the repository whose files the caller may have; to nobody in particular all others ask for a token."""
    try:
        return find_repo(call, "content")
    except Moved:
        raise
    except HubError as refusal:
        if call.account is not None:
            raise
        asked = HubError(401, refusal.message, refusal.code)
        asked.headers["WWW-Authenticate"] = 'Basic realm="a token of this Hub as the password"'
        raise asked from None


def _send(store: Store, repo: Repo, head: bytes, commits: list[str], known: list[str]) -> Iterator[bytes]:
    yield head
    yield from side_band(stream_pack(store, repo.id, commits, known))


def _answer(content: bytes, media_type: str = "application/x-git-upload-pack-result") -> Response:
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})


def _refs(db: sqlite3.Connection, repo: Repo) -> Iterator[bytes]:
    rows = db.execute("SELECT name, oid FROM refs WHERE repo_id = ? ORDER BY name", (repo.id,)).fetchall()
    head = next(row["oid"] for row in rows if row["name"] == "refs/heads/main")
    yield pkt_line(f"{head} HEAD\0{_CAPABILITIES}")
    yield from (pkt_line(f"{row['oid']} {row['name']}") for row in rows)


def _inflate(call: Call) -> bytes:
    """Return the body, unpacked when git packed it, or raise a 413 for one that unfolds to more than is accepted."""
    if call.headers.get("content-encoding") not in ("gzip", "x-gzip"):
        return call.body
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = inflate.decompress(call.body, MAX_JSON_BYTES)
    except zlib.error:
        raise HubError(400, "The body is not gzip") from None
    if inflate.unconsumed_tail:
        raise HubError(413, f"The body unfolds to more than {MAX_JSON_BYTES} bytes")
    return body


def _read_request(body: bytes) -> _Request:
    asked = _Request()
    for line in read_pkt_lines(body):
        word, _, rest = (line or "").partition(" ")
        if word == "want":
            asked.wants.append(rest[:40])
        elif word == "have":
            asked.haves.append(rest[:40])
        elif word == "shallow":
            asked.shallow.append(rest[:40])
        elif word == "deepen" and rest.isdecimal() and len(rest) < 11:
            asked.depth = int(rest) or None
        elif word == "done":
            asked.done = True
        elif word:
            raise HubError(400, f"'{word[:40]}' is not something that git may ask of this Hub")
    if len(asked.wants) > _MAX_WANTS:
        raise HubError(400, f"More than {_MAX_WANTS} commits are wanted at once")
    return asked


def _has_commit(db: sqlite3.Connection, repo: Repo, oid: str) -> bool:
    found = db.execute("SELECT 1 FROM commits WHERE repo_id = ? AND oid = ?", (repo.id, oid))
    return found.fetchone() is not None


def _wanted(db: sqlite3.Connection, repo: Repo, asked: _Request, owned: set[str]) -> History:
    """Return the commits asked for; with a depth, those that the client has are among them."""
    if asked.depth:
        return walk_history(db, repo.id, asked.wants, depth=asked.depth)
    return walk_history(db, repo.id, asked.wants, without=owned, ends=asked.shallow)


def _boundary(asked: _Request, history: History) -> bytes:
    """Return where the history that is sent ends, and what ended there for the client before and no longer does."""
    lines = [pkt_line(f"shallow {oid}") for oid in history.shallow]
    deeper = [oid for oid in asked.shallow if oid in history.commits and oid not in history.shallow]
    return b"".join([*lines, *(pkt_line(f"unshallow {oid}") for oid in deeper), FLUSH])


def _reaches_root(db: sqlite3.Connection, repo: Repo, history: History) -> bool:
    """Whether a commit of a history has none before it: the client may still have something of that line."""
    roots = db.execute("SELECT oid FROM commits WHERE repo_id = ? AND parent IS NULL", (repo.id,))
    return not {oid for (oid,) in roots}.isdisjoint(history.commits)


def _acknowledge(asked: _Request, common: list[str], *, is_ready: bool) -> bytes:
    lines = [f"ACK {oid} common" for oid in common]
    if asked.done:
        return b"".join(map(pkt_line, [*lines, f"ACK {common[-1]}" if common else "NAK"]))
    if not asked.haves:
        return b""
    lines += [f"ACK {common[-1]} ready"] if is_ready else []
    return b"".join(map(pkt_line, [*lines, "NAK"]))
