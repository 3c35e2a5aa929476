import pytest

from tests.localhub.conftest import start_hub

ASKS = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,range"}


def origin_allowed(hub, origin, path="/api/models"):
    return hub.request("GET", path, headers={"Origin": origin}).headers.get("access-control-allow-origin")


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1:8000", "http://[::1]:3000", "http://[::1]"]
)
def test_a_page_on_loopback_may_read_what_the_hub_says(hub, origin):
    answer = hub.request("GET", f"/{hub.repo()}/resolve/main/.gitattributes", headers={"Origin": origin})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    readable = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "X-Repo-Commit", "X-Linked-Size", "Content-Range", "X-Error-Code"} <= set(readable)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example:80", "null", "", "http://[",
     "http://localhost:x", "file://localhost", "chrome-extension://localhost"],
)  # fmt: skip
def test_a_page_from_elsewhere_may_read_nothing(hub, origin):
    assert origin_allowed(hub, origin) is None
    preflight = hub.request("OPTIONS", "/api/models", headers={"Origin": origin, **ASKS})
    assert "access-control-allow-origin" not in preflight.headers


def test_an_error_is_readable_too(hub):
    assert origin_allowed(hub, "http://localhost:1", "/api/models/no/such") == "http://localhost:1"


def test_a_preflight_is_answered_without_a_token_and_lets_one_be_sent(hub):
    path = f"/{hub.repo(private=True)}/resolve/main/.gitattributes"
    asked = hub.request("OPTIONS", path, headers={"Origin": "http://localhost:1", **ASKS})
    assert (asked.status, asked.body) == (204, b"")
    assert {"Authorization", "Range"} <= set(asked.headers["access-control-allow-headers"].split(", "))
    assert "GET" in asked.headers["access-control-allow-methods"]
    assert hub.request("GET", path, user="alice", headers={"Origin": "http://localhost:1"}).status == 200


def test_a_cookie_of_the_pages_opens_nothing_to_other_origins(hub):
    answer = hub.request("GET", "/api/models", headers={"Origin": "http://localhost:1"})
    assert "access-control-allow-credentials" not in answer.headers


def test_a_program_that_is_no_page_is_told_nothing_about_origins(hub):
    answer = hub.request("GET", "/api/models")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert hub.request("OPTIONS", "/api/models").status == 405


def test_a_hub_that_is_open_to_a_network_is_open_to_pages_from_anywhere(tmp_path):
    with start_hub(tmp_path, "--host", "0.0.0.0", "--allow-remote", "--behind-proxy") as hub:
        assert origin_allowed(hub, "https://pages.example") == "https://pages.example"
        assert origin_allowed(hub, "null") is None
