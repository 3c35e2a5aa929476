import http.client
import socket
from urllib.parse import urlsplit

import pytest


def raw(hub, content):
    """Send bytes as they are and return the answer's first line."""
    address = urlsplit(hub.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(content)
        return connection.recv(65536).split(b"\r\n")[0].decode()


def test_every_answer_has_a_request_id_and_says_what_it_is(hub):
    one, two = hub.request("GET", "/api/models"), hub.request("GET", "/api/no/such/thing/at/all")
    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert two.json() == {"error": "Not found"}
    assert two.headers["x-error-message"] == "Not found"


def test_an_error_message_in_a_header_is_ascii_on_one_line(hub):
    answer = hub.request("GET", f"/api/models/{hub.repo()}/tree/main/%C3%A9%0Aset-cookie")
    assert answer.status == 404
    assert answer.headers["x-error-message"].isascii()
    assert "é" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/models/%ff/x", 400),
        ("/api/models/a%00b/x", 400),
        ("/" + "a" * 5000, 414),
        ("//", 200),
        ("/a/b/c/d", 404),
    ],
)
def test_paths_that_are_no_paths(hub, path, status):
    assert hub.request("GET", path).status == status


def test_a_method_that_an_address_does_not_have_is_a_405(hub):
    assert hub.request("DELETE", "/api/whoami-v2", user="alice").status == 405


def test_another_host_name_is_refused_on_loopback(hub):
    assert hub.request("GET", "/api/models", headers={"Host": "evil.example:80"}).status == 421
    assert hub.request("GET", "/api/models", headers={"Host": "localhost:1"}).status == 200


@pytest.mark.parametrize("host", ["a b", "x/y", "x@127.0.0.1", '127.0.0.1"><script>'])
def test_a_malformed_host_gets_into_no_url(hub, host):
    repo = {"name": "hosted"}
    assert hub.request("POST", "/api/repos/create", user="alice", body=repo, headers={"Host": host}).status in (
        400,
        421,
    )
    assert not hub.api().repo_exists("alice/hosted")


def test_a_body_over_the_limit_is_a_413_before_it_is_sent(hub):
    head = (
        "POST /api/repos/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000000\r\n"
        f"Authorization: Bearer {hub.tokens['alice']}\r\n\r\n"
    )
    assert raw(hub, head.encode()).split()[1] == "413"


def test_a_body_that_grows_over_the_limit_is_a_413(hub):
    address = urlsplit(hub.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    chunks = (b" " * 2**20 for _ in range(9))
    connection.request(
        "POST", "/api/validate-yaml", body=chunks, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_a_stranger_cannot_make_the_hub_receive_a_large_commit(hub):
    repo_id = hub.repo()
    head = f"POST /api/models/{repo_id}/commit/main HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000000\r\n\r\n"
    assert raw(hub, head.encode()).split()[1] == "401"
    assert not [path for path in (hub.root / "incoming").iterdir() if path.stat().st_size > 2**20]


@pytest.mark.parametrize(
    "content", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 70000]
)
def test_what_is_not_http_or_has_endless_headers_is_a_400(hub, content):
    assert raw(hub, content + b"\r\n\r\n").split()[1] == "400"


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff", b"[" * 100000])
def test_json_that_is_none_is_a_400(hub, body):
    assert hub.request("POST", "/api/repos/create", user="alice", body=body).status == 400


@pytest.mark.parametrize("name", [None, 1, [], {}, "a\0b", "\ud800"])
def test_a_name_of_another_type_is_a_400(hub, name):
    assert hub.request("POST", "/api/repos/create", user="alice", body={"name": name}).status == 400


def test_nothing_is_left_of_refused_uploads(hub):
    assert not [path for path in (hub.root / "incoming").iterdir() if path.is_file()]
