"""Requests as an attacker would write them, drawn by hypothesis from the Hub's own table of routes."""

import gzip
import json
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from factory.localhub.routes import ROUTES
from tests.localhub.test_xet import shard, xorb

HOSTILE = (  # as they stand in a path
    *("..", "%2e%2e", "%2E%2E%2F", "..%2f..%2f..%2fetc%2fpasswd", "..%5c..%5c", "%252e%252e%252f", "%c0%ae%c0%ae"),
    *("%00", "a%00b", "%ff", "%F0%9F%A4%97", "%ED%A0%80", "%E2%80%AE", "%0d%0aX-Injected:%201", "%0aX-Injected:1"),
    *("", ".", "-1", "0", "1e9", "9" * 30, "%", "%zz", "%2", "a" * 300, "a" * 5000, "%61lice", "ALICE", "Veiled"),
    *("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "'%20OR%20'1'='1", "refs%2Fpr%2F2", "refs%2Fheads%2Fmain", "HEAD"),
    *(".git", "%2egit%2fconfig", "info", "resolve", "api", "*", "a;b", "a:b", "~", "con", "a+b", "a%20b", "{type}"),
)
QUERY_KEYS = (
    *("p", "limit", "cursor", "search", "author", "filter", "sort", "direction", "full", "config", "split", "text"),
    *("type", "status", "expand", "recursive", "blobs", "diff", "create_pr", "include_prs", "service", "download"),
    *("token", "pipeline_tag", "cardData", "securityStatus", "hot_reload", "factory", "redirect", "next"),
)
TEXTS = (
    *("", "main", "bob", "alice", "alice/veiled", "model", "dataset", "space", "public", "private", "closed", "open"),
    *("../../etc/passwd", "a\0b", "\ud800", "\u202e", "<script>alert(1)</script>", "a\r\nX-Injected: 1", "x" * 3000),
    *("https://127.0.0.1:9/", "javascript:alert(1)", "gradio", "cpu-basic", "basic", "upload", "download", "0" * 24),
    *(
        "1",
        "-1",
        "1e400",
        "---\na: &a [*a]\n---",
        "---\nlicense: x\n---\n# A",
        "${HOME}",
        "{{7*7}}",
        "%s%n",
        "no",
        "é",
    ),
)
FILES = [{"path": "a.txt", "size": 3, "sample": "YWJj"}, {"path": "w.safetensors", "size": 10**9, "sample": ""}]
BODIES = {  # right ones, by how the path of a route ends
    "create": {"name": "made", "type": "model", "visibility": "public", "sdk": "gradio", "organization": "bob"},
    "delete": {"name": "none", "type": "model", "organization": "bob"},
    "move": {"fromRepo": "bob/none", "toRepo": "bob/moved", "type": "model"},
    "settings": {"visibility": "public", "gated": "auto"},
    "validate-yaml": {"content": "---\nlicense: mit\n---\n# A\n", "repoType": "model"},
    "preupload/{rev}": {"files": FILES, "gitIgnore": "*.log"},
    "objects/batch": {"operation": "upload", "transfers": ["basic", "multipart"], "objects": [{"oid": "", "size": 5}]},
    "branch/{rev}": {"startingPoint": "main"},
    "tag/{rev}": {"tag": "v1", "message": "one"},
    "super-squash/{rev}": {"message": "one"},
    "paths-info/{rev}": {"paths": ["README.md", "a"], "expand": True},
    "discussions": {"title": "A title", "description": "Words", "pullRequest": True},
    "comment": {"comment": "Words"},
    "edit": {"content": "Other words"},
    "title": {"title": "Another"},
    "status": {"status": "closed", "comment": "Done"},
    "merge": {"comment": "Good"},
    "collections": {"title": "A collection", "namespace": "bob", "private": True, "item": {"id": "bob/x"}},
    "{slug}": {"title": "Another", "description": "Words", "theme": "blue", "position": 0, "private": False},
    "items": {"item": {"id": "alice/veiled", "type": "model"}, "note": "A note"},
    "{item}": {"note": "A note", "position": 3},
    "webhooks": {"url": "http://127.0.0.1:9/", "watched": [{"type": "user", "name": "alice"}], "domains": ["repo"]},
    "{webhook}": {"url": "http://127.0.0.1:9/", "secret": "words", "watched": [{"type": "org", "name": "x"}]},
    "secrets": {"key": "KEY", "value": "v", "description": "d"},
    "variables": {"key": "KEY", "value": "v"},
    "hardware": {"flavor": "cpu-basic", "sleepTimeSeconds": 60},
    "sleeptime": {"seconds": 60},
    "handle": {"user": "bob", "status": "accepted"},
    "grant": {"user": "bob"},
    "ask": {},
    "duplicate": {"repository": "bob/copy", "private": False, "target": {"type": "model", "name": "bob/open-0"}},
    "batch": {"deletions": {"sha": [], "rewriteHistory": True}, "files": [{"sha256": ""}]},
}
OPERATIONS = (
    {"key": "header", "value": {"summary": "one", "description": "", "parentCommit": None}},
    {"key": "file", "value": {"path": "a.txt", "content": "YWJj", "encoding": "base64"}},
    {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": "0" * 64, "size": 5}},
    {"key": "deletedFile", "value": {"path": "a/b.txt"}},
    {"key": "deletedFolder", "value": {"path": "a"}},
)
GIT = (
    b"0032want " + b"0" * 40 + b"\n00000009done\n", b"0000", b"ffff", b"0004", b"00", b"zzzz", b"0003", b"0009done\n",
    gzip.compress(b"0032want " + b"1" * 40 + b"\n0000"), gzip.compress(bytes(10**7)),
)  # fmt: skip
CHUNK = xorb(b"chunk " * 50)
XET = (CHUNK, CHUNK[:-3], b"", shard("a" * 64, b"chunk " * 50), shard("a" * 64, b"other")[:-40], bytes(300))
HEADERS = {
    "Range": (
        "bytes=0-3",
        "bytes=-5",
        "bytes=5-1",
        "bytes=0-0,2-3",
        "bytes=99999999999999999999-",
        "lines=1-2",
        "bytes=",
    ),
    "Accept": ("text/html", "text/html,*/*;q=0", "text/plain", "application/vnd.git-lfs+json", "*"),
    "Content-Encoding": ("gzip", "br", "identity, gzip", "\x7f"),
    "Content-Type": (
        "application/json",
        "application/x-ndjson",
        "text/plain",
        "multipart/form-data",
        "a/b;charset=utf-7",
    ),
    "Expect": ("100-continue", "200-ok"),
    "Origin": ("null", "https://example.org", "http://127.0.0.1:1"),
    "Access-Control-Request-Method": ("POST", "X"),
    "Cookie": ("session=x", "hub-session=" + "a" * 200, ";;;=", "\xe9=\xff"),
    "Host": ("example.org", "127.0.0.1:99999", "[::1]", "a b", "", "127.0.0.1\t"),
    "X-Forwarded-Proto": ("https", "javascript"),
    "X-Forwarded-For": ("127.0.0.1", "x" * 500),
    "If-None-Match": ('"x"', "*", "W/"),
    "Transfer-Encoding": ("gzip", "identity"),
    "Git-Protocol": ("version=2", "version=99"),
    "X-Long": ("x" * 40_000, "\xff\xfe"),
}
AUTHORIZATIONS = (
    "Bearer",
    "bearer  ",
    "Basic dXNlcjpwYXNz",
    "Basic %%%",
    "Digest x",
    "Bearer \xe9\xff",
    "Bearer a b",
    "x" * 9000,
)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")


@dataclass(frozen=True)
class Known:
    """What the senders of requests know: the repositories `bob/open` and, of somebody else, `alice/veiled`."""

    open: str
    veiled: str
    tokens: dict
    lfs: str
    instance: str
    user: str
    oids: tuple
    slug: str
    host: str


@dataclass(frozen=True)
class Request:
    """A request; `framing` says how its body is announced."""

    method: str
    path: str
    headers: dict
    body: bytes
    framing: str

    @property
    def is_incomplete(self):
        """Whether the Hub may wait for more that never comes."""
        return self.framing in ("no chunk", "too long", "lies")

    def encode(self):
        """Return the bytes to send, which may be no valid HTTP."""
        headers, body = dict(self.headers), self.body
        if self.framing == "chunked":
            headers["Transfer-Encoding"] = "chunked"
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif self.framing == "no chunk":
            headers["Transfer-Encoding"] = "chunked"
            body = b"zz\r\n" + body
        elif self.framing == "too long":
            headers["Content-Length"] = str(len(body) + 100)
        elif self.framing == "lies":
            headers["Content-Length"] = "9" * 20
        elif body or self.method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace") + body


@st.composite
def requests(draw, known):
    """Draw a request to one of the Hub's addresses."""
    route = draw(st.sampled_from(ROUTES))
    method = route.method if draw(often()) and route.method != "*" else draw(st.sampled_from(METHODS))
    own = draw(st.sampled_from((("bob", known.open),) * 3 + (("alice", known.veiled),)))
    path = "/".join(draw(segment(part, known, own)) for part in route.path.split("/"))
    headers = {"Host": known.host, "Connection": "close", **draw(authorization(route, known))}
    for name in draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=2)) if not draw(often()) else ():
        headers[name] = draw(st.sampled_from(HEADERS[name]))
    body = draw(content(route)) if method not in ("GET", "HEAD") or not draw(often()) else b""
    framing = "plain" if draw(often()) else draw(st.sampled_from(("chunked", "no chunk", "too long", "lies")))
    return Request(method, path + draw(query(route)), headers, body, framing)


def often():
    return st.sampled_from((True,) * 7 + (False,))


def segment(part, known, own):
    """Return a part of a path as the route has it: with what is known, or hostile."""
    values = {
        "{type}": ("models", "datasets", "spaces"), "{namespace}": own[:1], "{name}": own[1:],
        "{rev}": ("main", "main", known.oids[0], "refs%2Fpr%2F2"), "{path*}": ("README.md", "a/b.txt", "w.bin", "a"),
        "{num}": ("1", "2", "3"), "{token}": (known.lfs,), "{instance}": (known.instance,), "{user}": (known.user,),
        "{slug}": (known.slug,), "{hash}": (known.oids[1], "a" * 64), "{file}": ("style.css", "icon.svg"),
        "{webhook}": ("0" * 23 + "1",), "{item}": ("0" * 23 + "1",), "{comment}": ("0" * 23 + "1",),
        "{organization}": ("bob", "alice"), "{status}": ("pending", "accepted"), "{action}": ("enable", "disable"),
    }.get(part, (part,))  # fmt: skip
    usual = st.sampled_from(values)
    rarely = st.sampled_from((*HOSTILE, *values)) if part else usual
    return st.sampled_from((usual,) * 19 + (rarely,)).flatmap(lambda chosen: chosen)


def authorization(route, known):
    """Return the header of whoever sends a request: mostly of one who may do something."""
    if route.path.startswith("/xet/{instance}"):
        return st.sampled_from([{"Authorization": f"Bearer {known.tokens[who]}"} for who in ("xet", "xet", "bob")])
    bob = {"Authorization": f"Bearer {known.tokens['bob']}"}
    others = [{"Authorization": value} for value in AUTHORIZATIONS]
    return often().flatmap(lambda is_usual: st.sampled_from([{}, bob, bob] if is_usual else others))


@st.composite
def query(draw, route):
    pairs = draw(st.lists(st.tuples(st.sampled_from(QUERY_KEYS), st.sampled_from(TEXTS)), max_size=3))
    if "git-upload-pack" in route.path or route.path.endswith("info/refs"):
        pairs.insert(0, ("service", "git-upload-pack"))
    text = "&".join(f"{key}={quote(value, errors='surrogatepass')}" for key, value in pairs)
    return f"?{text}" if pairs else ""


def content(route):
    """Return a body of the kind that a route takes, right or not."""
    if route.path.endswith("git-upload-pack"):
        return st.sampled_from(GIT)
    if route.path.startswith(("/xet/", "/lfs/")):
        return st.sampled_from((*XET, b"large"))
    if route.path.endswith("commit/{rev}"):
        lines = st.lists(st.sampled_from(OPERATIONS).flatmap(changed), max_size=4)
        return lines.map(lambda given: b"\n".join(map(as_json, (OPERATIONS[0], *given))))
    known = [body for ending, body in BODIES.items() if route.path.endswith(ending)]
    right = st.sampled_from(known or [{}]).flatmap(changed).map(as_json)
    return often().flatmap(
        lambda is_usual: right if is_usual else st.one_of(JSON.map(as_json), st.binary(max_size=40))
    )


def as_json(value):
    return json.dumps(value).encode()


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.sampled_from(TEXTS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def changed(draw, value):
    """Draw a value like that one, in which some are others, missing or more."""
    if isinstance(value, dict):
        kept = {key: draw(changed(inner)) for key, inner in value.items() if draw(often())}
        return kept if draw(often()) else {**kept, draw(st.sampled_from(TEXTS)): draw(JSON)}
    if isinstance(value, list):
        return [draw(changed(inner)) for inner in value]
    return value if draw(often()) else draw(JSON)
