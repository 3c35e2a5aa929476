from urllib.parse import urlencode

import pytest

from factory.localhub.admin import add_user
from tests.localhub_pages.conftest import BROWSER, push


def test_a_token_opens_a_session_in_a_cookie_that_scripts_and_other_sites_cannot_use(sign_in):
    answer = sign_in("alice", target="/alice/x")
    assert (answer.status, answer.headers["location"]) == (303, "/alice/x")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]


def test_the_cookie_does_not_hold_the_token(hub, cookie):
    assert hub.tokens["alice"] not in cookie


@pytest.mark.parametrize("token", ["", "hf_wrong", "\x00", "é" * 100])
def test_a_wrong_token_opens_nothing(hub, token):
    answer = hub.request("POST", "/sign-in", body=urlencode({"token": token}).encode(), headers=BROWSER)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers
    assert b"does not know that token" in answer.body


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nX: y"])
def test_signing_in_leads_to_no_other_site(sign_in, target):
    assert sign_in("alice", target=target).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_a_form_on_another_site_is_refused(hub, path):
    body = urlencode({"token": hub.tokens["alice"]}).encode()
    for site in ("cross-site", "same-site"):
        answer = hub.request("POST", path, body=body, headers={**BROWSER, "Sec-Fetch-Site": site})
        assert answer.status == 403
        assert "set-cookie" not in answer.headers


def test_a_form_that_is_too_large_is_refused(hub):
    assert hub.request("POST", "/sign-in", body=b"token=" + b"a" * 10_000, headers=BROWSER).status == 413


def test_a_session_reads_private_pages_and_downloads(hub, browse, cookie):
    name = hub.repo(private=True)
    push(hub.api(), name, "model", {"a.txt": "mine"})
    assert "alice" in browse("/", cookie=cookie).links
    assert "mine" in browse(f"/{name}/blob/main/a.txt", cookie=cookie).text
    assert hub.request("GET", f"/{name}/resolve/main/a.txt", headers={"Cookie": cookie}).body == b"mine"
    assert hub.request("GET", f"/{name}/resolve/main/a.txt").status == 404


def test_a_session_is_nothing_to_the_api(hub, cookie):
    name = hub.repo(private=True)
    for method, path in (
        ("GET", f"/api/models/{name}"),
        ("GET", "/api/whoami-v2"),
        ("GET", f"/api/models/{name}/xet-write-token/main"),
        ("DELETE", "/api/repos/delete"),
    ):
        body = {"name": name} if method == "DELETE" else None
        assert hub.request(method, path, headers={"Cookie": cookie}, body=body).status in (401, 404)
    assert hub.api().repo_exists(name)


def test_a_forged_cookie_is_nobody(browse, cookie):
    name, value = cookie.split("=", 1)
    for forged in (f"{name}={value[:-2]}AA", f"{name}=x.y", f"{name}=", f"other={value}", "; =;="):
        assert "Sign in" in browse("/", cookie=forged).links


def test_a_session_ends_with_its_token(hub, browse):
    token = add_user(hub.root, "carol")
    body = urlencode({"token": token}).encode()
    cookie = hub.request("POST", "/sign-in", body=body, headers=BROWSER).headers["set-cookie"].split(";")[0]
    assert "carol" in browse("/", cookie=cookie).links
    from factory.localhub.accounts import revoke_token
    from factory.localhub.store import Store

    store = Store(hub.root)
    with store.transaction() as db:
        revoke_token(db, token)
    store.close()
    assert "Sign in" in browse("/", cookie=cookie).links


def test_signing_out_removes_the_cookie(hub, cookie):
    answer = hub.request("POST", "/sign-out", headers={**BROWSER, "Cookie": cookie}, body=b"")
    assert answer.status == 303
    assert cookie.split("=")[0] + '=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
