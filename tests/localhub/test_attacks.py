"""What an attacker tries and what the Hub answers; every address of the Hub is held against a private repository."""

import hashlib
import http.client
import socket
import ssl
import subprocess
import urllib.request
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import lz4.frame
import pytest

from factory.localhub.admin import add_token, add_user, list_tokens, revoke
from factory.localhub.errors import HubError
from factory.localhub.pages.session import sign_in
from factory.localhub.routes import ROUTES
from factory.localhub.throttle import MAX_FAILURES, Logins
from factory.localhub.upload import MAX_FILE_BYTES
from factory.localhub.xet import MAX_REPEATED_BYTES
from factory.localhub.xorbs import MAX_CHUNK_BYTES
from tests.localhub.conftest import start_hub
from tests.localhub.test_xet import grant, repeat, shard, xorb

SECRET = b"private weights " * 100
OID = hashlib.sha256(SECRET).hexdigest()
OWN_CHECK = {  # no repository is named in the path of these: how each decides is tested with its module
    *("/api/whoami-v2", "/api/validate-yaml", "/api/repos/create", "/api/repos/delete", "/api/repos/move"),
    *("/api/collections", "/api/{type}", "/", "/static/{file}", "/sign-in", "/sign-out", "/collections", "/{type}"),
    *("/{namespace}", "/lfs/{token}", "/xet/parts/{token}", "/xet/{instance}/read/v1/reconstructions/{hash}"),
    *("/xet/{instance}/{user}/v1/xorbs/default/{hash}", "/xet/{instance}/{user}/v1/shards"),
    *("/api/settings/webhooks", "/api/settings/webhooks/{webhook}", "/api/settings/webhooks/{webhook}/{action}"),
    *("/api/organizations/{organization}/overview", "/api/organizations/{organization}/members"),
    *("/api/users/{user}/likes", "/api/settings/{path*}", "/api/buckets/{path*}", "/api/jobs/{path*}"),
    *("/api/scheduled-jobs/{path*}", "/api/papers/{path*}", "/api/kernels/{path*}", "/api/users/{path*}"),
    *("/api/organizations/{path*}", "/api/{type}/{name}", "/{name}/resolve/{rev}/{path*}"),
}


def paths_of_repositories():
    routes = [route for route in ROUTES if "{namespace}/{name}" in route.path]
    return sorted({(route.method.replace("*", "PATCH"), route.path) for route in routes})


@pytest.fixture(scope="module")
def private(hub):
    """A private repository of alice with one large and one small file, for each type."""
    for repo_type in ("model", "dataset", "space"):
        settings = {"space_sdk": "gradio"} if repo_type == "space" else {}
        hub.api().create_repo("alice/veiled", repo_type=repo_type, private=True, **settings)
        hub.api().upload_file(
            path_or_fileobj=SECRET, path_in_repo="w.bin", repo_id="alice/veiled", repo_type=repo_type
        )
    return hub


def test_every_address_names_a_repository_or_is_known_to_check_by_itself():
    others = {route.path for route in ROUTES if "{namespace}/{name}" not in route.path}
    assert {path for path in others if "{namespace}/{slug}" not in path} <= OWN_CHECK


@pytest.mark.parametrize(("method", "path"), paths_of_repositories())
def test_a_private_repository_is_a_404_to_others_at_every_address(private, method, path):
    for kind in ("models", "datasets", "spaces") if "{type}" in path else ("models",):
        address = path.replace("{type}", kind).replace("{namespace}", "alice").replace("{name}", "veiled")
        for parameter, value in (("{rev}", "main"), ("{path*}", "w.bin"), ("{num}", "1"), ("{status}", "pending")):
            address = address.replace(parameter, value)
        address = address.replace("{comment}", "0" * 24)
        for user in ("bob", None):
            query = "?service=git-upload-pack" if address.endswith(("info/refs", "git-upload-pack")) else ""
            body = {"flavor": "cpu-basic"}
            answer = private.request(method, f"{address}{query}", user=user, body=body)
            none = private.request(method, f"{address}{query}".replace("veiled", "none"), user=user, body=body)
            assert answer.status == (401 if query and user is None else 404), (address, user, answer.body)
            assert (answer.status, answer.body) == (none.status, none.body)


def test_a_private_repository_is_in_no_list_of_others(private):
    for address in ("/api/models?search=veiled", "/api/datasets?author=alice", "/api/spaces", "/alice", "/models"):
        for headers in ({}, {"Accept": "text/html"}):
            assert b"veiled" not in private.request("GET", address, user="bob", headers=headers).body


def test_who_knows_a_hash_does_not_get_the_bytes(private):
    repo_id = private.repo(user="bob")
    batch = {"operation": "upload", "objects": [{"oid": OID, "size": len(SECRET)}]}
    plan = private.request("POST", f"/{repo_id}.git/info/lfs/objects/batch", user="bob", body=batch).json()
    assert "upload" in plan["objects"][0]["actions"], "it must not say that the bytes are stored already"
    batch["operation"] = "download"
    plan = private.request("POST", f"/{repo_id}.git/info/lfs/objects/batch", user="bob", body=batch).json()
    assert plan["objects"][0]["error"]["code"] == 404
    lines = f'{{"key":"header","value":{{"summary":"x"}}}}\n{{"key":"lfsFile","value":{{"path":"w","oid":"{OID}"}}}}'
    commit = private.request("POST", f"/api/models/{repo_id}/commit/main", user="bob", body=lines.encode())
    assert commit.status == 400
    token = private.request("GET", f"/api/models/{repo_id}/xet-read-token/main", user="bob").json()
    address = f"{token['casUrl'].removeprefix(private.endpoint)}/v1/reconstructions/{OID}"
    assert private.request("GET", address, token=token["accessToken"]).status == 404
    copied = {"target": {"type": "model", "name": repo_id}, "files": [{"sha256": OID}]}
    answer = private.request("POST", f"/api/models/{repo_id}/lfs-files/duplicate", user="bob", body=copied)
    assert answer.json()["succeeded"] == []


def test_who_knows_the_hash_of_a_xorb_does_not_get_the_bytes(private):
    """Neither by naming it, nor by giving other bytes that hash, nor in the storage of the one who has it."""
    cas, token = grant(private, "alice/veiled")
    name, send = "a" * 64, partial(private.request, "POST")
    assert send(f"{cas}/v1/xorbs/default/{name}", token=token, body=xorb(SECRET)).json() == {"was_inserted": True}
    assert send(f"{cas}/v1/shards", token=token, body=shard(name, SECRET)).json() == {"result": 1}
    repo_id = private.repo(user="bob")
    own, bobs = grant(private, repo_id, user="bob")
    assert send(f"{own}/v1/shards", token=bobs, body=shard(name, SECRET)).status == 400
    assert send(f"{cas}/v1/shards", token=bobs, body=shard(name, SECRET)).status == 403
    answer = send(f"{own}/v1/xorbs/default/{name}", token=bobs, body=xorb(b"?" * len(SECRET)))
    assert answer.json() == {"was_inserted": True}, "it must not say that the xorb is stored already"
    assert send(f"{own}/v1/shards", token=bobs, body=shard(name, SECRET)).status == 400
    lines = f'{{"key":"header","value":{{"summary":"x"}}}}\n{{"key":"lfsFile","value":{{"path":"w","oid":"{OID}"}}}}'
    assert send(f"/api/models/{repo_id}/commit/main", user="bob", body=lines.encode()).status == 400


def test_a_small_shard_cannot_unfold_to_more_than_may_be_repeated(hub):
    """A xorb of zeros is small, and so is a shard that names it a thousand times."""
    cas, token = grant(hub, hub.repo())
    packed, chunks = lz4.frame.compress(bytes(MAX_CHUNK_BYTES)), 512
    header = b"\0" + len(packed).to_bytes(3, "little") + b"\1" + MAX_CHUNK_BYTES.to_bytes(3, "little")
    whole = (0, chunks, chunks * MAX_CHUNK_BYTES)
    hub.request("POST", f"{cas}/v1/xorbs/default/{'b' * 64}", token=token, body=(header + packed) * chunks)
    for count, message in (
        (MAX_REPEATED_BYTES // whole[2] + 2, "The shard repeats more"),
        (MAX_FILE_BYTES // whole[2] + 1, "A file is larger"),
    ):
        answer = hub.request("POST", f"{cas}/v1/shards", token=token, body=repeat("b" * 64, [whole] * count, OID))
        assert (answer.status, message in answer.json()["error"]) == (413, True), answer.body
    assert not [path for path in (hub.root / "incoming").iterdir() if path.stat().st_size > 2**20]


def test_no_token_is_in_the_log(tmp_path):
    """What is not HTTP is logged; neither that line nor any other tells who asked with what."""
    with start_hub(tmp_path) as hub:
        good, bad = hub.tokens["local"], "hf_wrongToken"
        assert hub.request("GET", "/api/whoami-v2", token=good).status == 200
        assert hub.request("GET", f"/api/whoami-v2?token={good}", token=bad).status == 401
        assert hub.request("POST", "/sign-in", body=f"token={bad}".encode()).status == 403
        signed = grant(hub, hub.repo(user="local"), user="local")[1]
        assert hub.request("GET", f"/xet/parts/{signed}").status == 401
        address = urlsplit(hub.endpoint)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(f"GET /{good} {bad}\r\nAuthorization: Bearer {good}\r\n\r\n".encode())
            while connection.recv(4096):
                pass
    assert "Invalid HTTP request" in hub.log
    assert not [secret for secret in (good, bad, signed) if secret in hub.log]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../x",
            "a/../../x",
            "/etc/passwd",
            "./x",
            "a//b",
            ".git/config",
            "a/.GIT/x",
            "..\\x",
            "a\\..\\x",
            "a\0b",
            "a\nb",
        ),
        *("..", ".", "", "x" * 256, "a/" * 600 + "b"),
    ],
)
def test_a_path_that_leads_elsewhere_is_a_422(hub, path):
    assert hub.commit(hub.repo(), {path: "x"}).status == 422


@pytest.mark.parametrize(
    "path", ["../../secret", "..%2f..%2fsecret", "%2e%2e/%2e%2e/hub.sqlite", "..%5csecret", "%00"]
)
def test_no_path_reads_what_is_beside_the_repositories(hub, path):
    for address in (f"/{hub.repo()}/resolve/main/{path}", f"/static/{path}"):
        assert hub.request("GET", address, user="alice").status in (400, 404)


def test_a_token_for_one_repository_is_good_for_that_alone(private):
    repo_id, other = private.repo(), private.repo("model", user="bob")
    token = add_token(private.root, "alice", role="write", repos=[repo_id])
    lines = b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"YQ=="}}'
    refused = {
        ("POST", "/api/models/alice/veiled/commit/main"): 404,
        ("GET", "/alice/veiled/resolve/main/w.bin"): 404,
        ("POST", f"/api/models/{other}/discussions"): 403,
        ("POST", f"/api/models/{other}/like"): 403,
        ("GET", "/api/settings/webhooks"): 403,
        ("POST", "/api/repos/create"): 403,
        ("POST", "/api/collections"): 403,
    }
    for (method, path), status in refused.items():
        body = lines if "commit" in path else {"name": "new", "title": "A title"}
        assert private.request(method, path, token=token, body=body).status == status, path
    assert private.request("POST", f"/api/models/{repo_id}/commit/main", token=token, body=lines).status == 200
    assert b"veiled" not in private.request("GET", "/api/models?author=alice", token=token).body
    whole = private.request("GET", f"/api/models/{repo_id}/xet-write-token/main", user="alice").json()
    limited = private.request("GET", f"/api/models/{repo_id}/xet-write-token/main", token=token).json()
    assert limited["casUrl"] != whole["casUrl"], "it builds on no chunks of the user's other repositories"


def test_a_token_ends_when_it_expires_or_is_revoked(hub):
    expired = add_token(hub.root, "bob", role="read", seconds=-1)
    assert hub.request("GET", "/api/whoami-v2", token=expired).status == 401
    token = add_token(hub.root, "bob", role="read", seconds=3600)
    assert hub.request("GET", "/api/whoami-v2", token=token).status == 200
    row = next(row for row in list_tokens(hub.root) if hashlib.sha256(token.encode()).hexdigest().startswith(row.id))
    revoke(hub.root, row.id)
    assert hub.request("GET", "/api/whoami-v2", token=token).status == 401
    with pytest.raises(HubError, match="no token"):
        revoke(hub.root, row.id)


def test_who_guesses_tokens_is_told_to_wait_and_who_is_known_goes_on(tmp_path):
    fresh = add_user(tmp_path, "carol")
    with start_hub(tmp_path) as hub:
        assert hub.request("GET", "/api/whoami-v2", user="local").status == 200
        answers = [hub.request("GET", "/api/whoami-v2", token=f"hf_guess{n}") for n in range(MAX_FAILURES + 1)]
        assert [answer.status for answer in answers] == [401] * MAX_FAILURES + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 61
        assert hub.request("GET", "/api/whoami-v2", token=fresh).status == 429, "else a guess that is right would show"
        assert hub.request("POST", "/sign-in", body=b"token=x").status == 429
        assert hub.request("GET", "/api/whoami-v2", user="local").status == 200


def test_an_address_may_try_again_after_a_minute():
    now = [0.0]
    logins = Logins(lambda: now[0])
    for _ in range(MAX_FAILURES):
        logins.check("a", "x")
        logins.fail("a")
    with pytest.raises(HubError, match="Too many failed logins"):
        logins.check("a", "x")
    logins.check("another", "x")
    now[0] = 61.0
    logins.check("a", "x")


def test_the_form_that_takes_a_token_is_among_the_routes():
    assert any(route.endpoint is sign_in for route in ROUTES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--host", "0.0.0.0"), "--allow-remote"),
        (("--host", "0.0.0.0", "--allow-remote"), "--tls-cert and --tls-key"),
        (("--tls-cert", "cert.pem", "--tls-key", "key.pem"), "add --allow-remote"),
        (("--behind-proxy",), "add --allow-remote"),
    ],
)
def test_other_machines_are_not_served_by_accident(tmp_path, arguments, message):
    with pytest.raises(pytest.fail.Exception, match=message), start_hub(tmp_path, *arguments):
        pass


def test_with_a_certificate_it_speaks_tls_and_its_links_do(tmp_path):
    files = (tmp_path / "cert.pem", tmp_path / "key.pem")
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject)
    subprocess.run([*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    tls = ("--allow-remote", "--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    with start_hub(tmp_path / "hub", *tls) as hub:
        assert hub.endpoint.startswith("https://")
        trust = ssl.create_default_context(cafile=str(files[0]))
        with urllib.request.urlopen(hub.endpoint, context=trust) as answer:
            assert f"HF_ENDPOINT={hub.endpoint}" in answer.read().decode()
        with closing(http.client.HTTPSConnection(urlsplit(hub.endpoint).netloc, context=trust)) as connection:
            connection.request("POST", "/sign-in", body=f"token={hub.tokens['local']}")
            assert "Secure" in connection.getresponse().headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/repos/create", '{"name": "s", "type": "space", "sdk": "gradio", "secrets": [5]}'),
        ("POST", "/api/repos/create", '{"name": "s", "type": "space", "sdk": "gradio", "variables": 5}'),
        ("POST", "/api/spaces/{}/variables", '{"key": "K", "value": "v", "description": ["d"]}'),
        ("POST", "/api/spaces/{}/sleeptime", '{"seconds": NaN}'),
        ("POST", "/api/spaces/{}/sleeptime", '{"seconds": 1e999}'),
        ("POST", "/api/spaces/{}/discussions", '{"title": "A title", "description": "\\ud800"}'),
        ("POST", "/api/spaces/{}/commit/main", '{"key":"header","value":{"summary":"x","parentCommit":[1]}}'),
        ("POST", "/spaces/{}.git/info/lfs/objects/batch", '{"operation":"upload","transfers":5,"objects":[{}]}'),
    ],
)
def test_what_could_not_be_told_again_is_refused(hub, method, path, body):
    repo_id = hub.repo("space")
    answer = hub.request(method, path.format(repo_id), user="alice", body=body.encode())
    assert 400 <= answer.status < 500, answer.body
    assert hub.request("GET", f"/api/spaces/{repo_id}").status == 200


def test_a_body_that_breaks_off_after_its_answer_ends_the_connection_and_no_more(tmp_path):
    with start_hub(tmp_path) as hub:
        address = urlsplit(hub.endpoint)
        with closing(socket.create_connection((address.hostname, address.port), timeout=30)) as connection:
            head = f"POST /none HTTP/1.1\r\nHost: {address.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(2**16).startswith(b"HTTP/1.1 40")
            connection.sendall(b"zz\r\n")
            while connection.recv(2**16):
                pass
        head = f"HEAD /none HTTP/1.1\r\nHost: {address.netloc}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        with closing(socket.create_connection((address.hostname, address.port), timeout=30)) as connection:
            connection.sendall(head.encode())
            while connection.recv(2**16):
                pass
        assert hub.request("GET", "/api/models").status == 200
    assert "Fatal error" not in hub.log
