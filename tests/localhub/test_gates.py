import pytest
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError


@pytest.fixture
def gated(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"a.txt": "for some"})
    hub.api().update_repo_settings(repo_id, gated="manual")
    return repo_id


def test_everybody_sees_it_and_nobody_else_gets_the_files(hub, gated, tmp_path):
    bob = hub.api("bob")
    assert bob.model_info(gated).gated == "manual"
    with pytest.raises(GatedRepoError):
        bob.hf_hub_download(gated, "a.txt", cache_dir=tmp_path)
    with pytest.raises(GatedRepoError):
        bob.auth_check(gated)
    assert hub.request("GET", f"/{gated}/resolve/main/a.txt").status == 401
    assert hub.read(gated, "a.txt") == b"for some"


def test_who_is_accepted_gets_them_until_rejected(hub, gated):
    api = hub.api()
    assert hub.request("POST", f"/api/models/{gated}/user-access-request/ask", user="bob").status == 200
    assert [request.username for request in api.list_pending_access_requests(gated)] == ["bob"]
    assert hub.request("GET", f"/{gated}/resolve/main/a.txt", user="bob").status == 403
    api.accept_access_request(gated, "bob")
    assert hub.read(gated, "a.txt", user="bob") == b"for some"
    api.reject_access_request(gated, "bob", rejection_reason=None)
    assert hub.request("GET", f"/{gated}/resolve/main/a.txt", user="bob").status == 403


def test_a_gate_that_opens_by_itself_lets_in_who_asks(hub, gated):
    hub.api().update_repo_settings(gated, gated="auto")
    hub.request("POST", f"/api/models/{gated}/user-access-request/ask", user="bob")
    assert hub.read(gated, "a.txt", user="bob") == b"for some"


def test_nobody_lets_themselves_in(hub, gated):
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").grant_access(gated, "bob")
    with pytest.raises(HfHubHTTPError, match="403"):
        list(hub.api("bob").list_pending_access_requests(gated))


def test_a_gated_large_file_is_not_had_by_its_hash(hub, gated):
    hub.api().upload_file(path_or_fileobj=b"gated weights", path_in_repo="w.bin", repo_id=gated)
    (entry,) = hub.api("bob").get_paths_info(gated, "w.bin")
    line = '{"key":"header","value":{"summary":"x"}}\n{"key":"lfsFile","value":{"path":"w","oid":"%s"}}'
    body = (line % entry.lfs.sha256).encode()
    mine = hub.repo(user="bob")
    assert hub.request("POST", f"/api/models/{mine}/commit/main", user="bob", body=body).status == 400


def test_an_open_repository_has_nothing_to_ask_for(hub):
    assert hub.request("POST", f"/api/models/{hub.repo()}/user-access-request/ask", user="bob").status == 400
