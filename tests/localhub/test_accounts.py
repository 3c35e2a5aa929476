import sqlite3

import pytest

from factory.localhub.accounts import is_valid_name
from factory.localhub.admin import add_user
from factory.localhub.errors import HubError


def test_a_token_tells_who_one_is_and_what_one_may(hub):
    assert hub.api("alice").whoami()["name"] == "alice"
    assert hub.api("alice").whoami()["auth"]["accessToken"]["role"] == "write"
    assert hub.api("reader").whoami()["auth"]["accessToken"]["role"] == "read"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer hf_wrong"}, {"Authorization": "Basic x"}])
def test_nobody_is_a_401(hub, headers):
    assert hub.request("GET", "/api/whoami-v2", headers=headers).status == 401


def test_only_hashes_of_tokens_are_on_disk(hub):
    files = [path.read_bytes() for path in hub.root.rglob("*") if path.is_file()]
    assert not any(token.encode() in content for content in files for token in hub.tokens.values())
    assert any(b"alice" in content for content in files)


def test_a_read_token_writes_nothing(hub):
    repo_id = hub.repo()
    assert hub.commit(repo_id, {"a": "1"}, user="reader").status == 403
    assert hub.request("POST", "/api/repos/create", user="reader", body={"name": "x"}).status == 403
    assert (
        hub.request("DELETE", "/api/repos/delete", user="reader", body={"name": repo_id.split("/")[1]}).status == 403
    )
    assert hub.api().repo_exists(repo_id)


def test_nobody_writes_under_anothers_name(hub):
    for namespace in ("alice", "Alice", "nobody-yet"):
        body = {"name": "x", "organization": namespace}
        assert hub.request("POST", "/api/repos/create", user="bob", body=body).status == 403


def test_a_user_can_be_given_a_token_of_ones_choice_and_a_second_one(tmp_path):
    assert add_user(tmp_path, "carol", token="hf_chosen") == "hf_chosen"
    other = add_user(tmp_path, "carol")
    assert other.startswith("hf_")
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        assert db.execute("SELECT count(*) FROM users WHERE name = 'carol'").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM tokens").fetchone() == (2,)
    db.close()


@pytest.mark.parametrize("name", ["api", "Datasets", "a/b", "../x", "", "a b", "-a", "x" * 97, "a..b", "a--b"])
def test_a_name_that_cannot_be_a_namespace_is_refused(tmp_path, name):
    with pytest.raises(HubError, match="cannot be a namespace"):
        add_user(tmp_path, name)


def test_an_unknown_role_is_refused(tmp_path):
    with pytest.raises(HubError, match="'admin' is not a role"):
        add_user(tmp_path, "carol", role="admin")


def test_names_are_those_that_the_clients_accept():
    assert all(map(is_valid_name, ["a", "a-b", "A.b_c", "__x__", "x" * 96]))
    assert not any(map(is_valid_name, ["a.git", "", ".a", "a.", "é", "a\n"]))
