"""Requests as an attacker would write them, drawn from the Hub's own table of routes."""

import base64
import gzip
import json
from dataclasses import dataclass
from urllib.parse import quote

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
FILES = [{"path": "a" * 100, "size": 3, "sample": "YWJj"}, {"path": "w.safetensors", "size": 10**9, "sample": ""}]
BODIES = {  # right ones, by how the path of a route ends
    "create": {
        **{"name": "made", "type": "space", "visibility": "public", "sdk": "gradio", "organization": "bob"},
        **{"secrets": [{"key": "K", "value": "v"}], "variables": [{"key": "V", "value": "v", "description": "d"}]},
    },
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
CARD_KEYS = (
    *("license", "tags", "sdk", "app_file", "emoji", "title", "models", "datasets", "base_model", "model-index"),
    *("configs", "pipeline_tag", "library_name", "language", "metrics", "task_categories", "size_categories"),
    *("new_version", "architectures", "model_type", "id2label", "tokenizer_config"),
)
PATTERNS = ("!", "\\", "[z-a]", "a\\", "*" + "a*" * 12 + "b", "**/" * 50, "*.bin", "", "[[:alpha:]]", "\ud800")
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


FRAMINGS = ("chunked", "no chunk", "too long", "lies")
NUMBERS = (0, -1, 2**31, 2**63, 10**25, 1.5, -0.0, 1e308, float("nan"), float("inf"))
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
    ids: tuple
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


def draw_request(chance, known):
    """Return a request to one of the Hub's addresses; `chance` is a `random.Random`."""
    route = chance.choice(ROUTES)
    method = chance.choice(METHODS) if route.method == "*" or one_in(chance, 10) else route.method
    own = ("alice", known.veiled) if one_in(chance, 4) else ("bob", known.open)
    path = "/".join(draw_segment(chance, part, known, own) for part in route.path.split("/"))
    headers = {"Host": known.host, "Connection": "close", **draw_authorization(chance, route, known)}
    if not route.path.startswith("/api/") and one_in(chance, 2):
        headers["Accept"] = "text/html"
    if one_in(chance, 6):
        name = chance.choice(sorted(HEADERS))
        headers[name] = chance.choice(HEADERS[name])
    body = b"" if method in ("GET", "HEAD") and not one_in(chance, 10) else draw_body(chance, route)
    framing = chance.choice(FRAMINGS) if one_in(chance, 15) else "plain"
    return Request(method, path + draw_query(chance, route), headers, body, framing)


def one_in(chance, count):
    return chance.randrange(count) == 0


def draw_segment(chance, part, known, own):
    """Return a part of a path as the route has it: with what is known or, now and then, hostile."""
    values = {
        "{type}": ("models", "datasets", "spaces"), "{namespace}": own[:1], "{name}": own[1:],
        "{rev}": ("main", "main", known.oids[0], "refs%2Fpr%2F2"), "{path*}": ("README.md", "a/b.txt", "w.bin", "a"),
        "{num}": ("1", "2", "3"), "{token}": (known.lfs,), "{instance}": (known.instance,), "{user}": (known.user,),
        "{slug}": (known.slug,), "{hash}": (known.oids[1], "a" * 64), "{file}": ("style.css", "icon.svg"),
        "{webhook}": known.ids, "{item}": known.ids, "{comment}": known.ids, "{organization}": ("bob", "alice"),
        "{status}": ("pending", "accepted"), "{action}": ("enable", "disable"),
    }.get(part, (part,))  # fmt: skip
    return chance.choice(HOSTILE if part and one_in(chance, 25) else values)


def draw_authorization(chance, route, known):
    """Return the header of whoever sends a request: mostly of one who may do something."""
    if one_in(chance, 15):
        return {"Authorization": chance.choice(AUTHORIZATIONS)}
    if one_in(chance, 4):
        return {}
    return {"Authorization": f"Bearer {known.tokens['xet' if route.path.startswith('/xet/{instance}') else 'bob']}"}


def draw_query(chance, route):
    pairs = [(chance.choice(QUERY_KEYS), chance.choice(TEXTS)) for _ in range(chance.choice((0, 0, 1, 2)))]
    if "git-upload-pack" in route.path or route.path.endswith("info/refs"):
        pairs.insert(0, ("service", "git-upload-pack"))
    text = "&".join(f"{key}={quote(value, errors='surrogatepass')}" for key, value in pairs)
    return f"?{text}" if pairs else ""


def draw_body(chance, route):
    """Return a body of the kind that a route takes, right or not."""
    if one_in(chance, 15):
        return chance.choice((b"{", b"\xff\x00", b"[1]", b"null", b"[" * 10_000, as_json(draw_json(chance))))
    if route.path.endswith("git-upload-pack"):
        return chance.choice(GIT)
    if route.path.startswith(("/xet/", "/lfs/")):
        return chance.choice((*XET, b"large", b"large", b"parge"))
    if route.path.endswith("commit/{rev}"):
        lines = [OPERATIONS[0], *(chance.choice(OPERATIONS) for _ in range(chance.randrange(3)))]
        return b"\n".join(as_json(change(chance, line)) for line in [*lines, draw_file(chance)])
    known = [body for ending, body in BODIES.items() if route.path.endswith(ending)]
    return as_json(change(chance, chance.choice(known or [{}])))


def draw_file(chance):
    """Return an operation that commits a file which the Hub itself reads."""
    values = {key: draw_json(chance) for key in chance.sample(CARD_KEYS, 4)}
    card = json.dumps(values).replace("NaN", ".nan").replace("Infinity", ".inf")
    files = {
        "README.md": f"---\n{card}\n---\n# A <script>alert(1)</script>\n[a](javascript:alert(1)) ![b](//[/b)\n",
        "config.json": json.dumps(values),
        ".gitattributes": f"{chance.choice(PATTERNS)} filter=lfs\n",
        ".gitignore": chance.choice(PATTERNS),
        "data/train.parquet": "PAR1" + chance.choice(TEXTS),
    }
    path = chance.choice(sorted(files))
    content = base64.b64encode(files[path].encode(errors="replace")).decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


def draw_json(chance, depth=0):
    """Return any value that JSON, or what Python takes for it, can tell."""
    kind = chance.randrange(5) if depth < 3 else 0
    if kind == 3:
        return [draw_json(chance, depth + 1) for _ in range(chance.randrange(3))]
    if kind == 4:
        return {chance.choice(TEXTS): draw_json(chance, depth + 1) for _ in range(chance.randrange(3))}
    return chance.choice((None, True, chance.choice(NUMBERS), chance.choice(TEXTS)))


def change(chance, value):
    """Return a value like that one, in which some are others, missing or more."""
    if one_in(chance, 12):
        return draw_json(chance)
    if isinstance(value, dict):
        changed = {key: change(chance, inner) for key, inner in value.items() if not one_in(chance, 15)}
        return changed if not one_in(chance, 15) else {**changed, chance.choice(TEXTS): draw_json(chance)}
    return [change(chance, inner) for inner in value] if isinstance(value, list) else value


def as_json(value):
    return json.dumps(value).encode()
