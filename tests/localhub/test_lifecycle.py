from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError


def test_a_new_repository_has_a_commit_and_its_attributes(hub):
    api, repo_id = hub.api(), hub.repo()
    info = api.model_info(repo_id)
    assert len(info.sha) == 40
    assert [sibling.rfilename for sibling in info.siblings] == [".gitattributes"]


def test_creating_twice_is_a_409_that_names_the_repository(hub):
    api, repo_id = hub.api(), hub.repo()
    with pytest.raises(HfHubHTTPError, match="already created"):
        api.create_repo(repo_id)
    assert api.create_repo(repo_id, exist_ok=True).repo_id == repo_id


def test_the_same_name_can_be_a_model_a_dataset_and_a_space(hub):
    api, repo_id = hub.api(), hub.repo()
    assert api.create_repo(repo_id, repo_type="dataset").repo_type == "dataset"
    assert api.create_repo(repo_id, repo_type="space", space_sdk="gradio").repo_type == "space"
    api.delete_repo(repo_id, repo_type="dataset")
    assert api.repo_exists(repo_id)
    assert api.repo_exists(repo_id, repo_type="space")


@pytest.mark.parametrize("name", ["../x", "a b", "a--b", "x" * 100, "", "a.git", "é"])
def test_a_name_the_clients_would_refuse_is_refused_here_too(hub, name):
    assert hub.request("POST", "/api/repos/create", user="alice", body={"name": name}).status == 400


def test_a_deleted_repository_is_gone_with_its_discussions(hub):
    api, repo_id = hub.api(), hub.repo()
    api.create_discussion(repo_id, title="to be forgotten")
    api.delete_repo(repo_id)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(repo_id)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo_id)
    api.create_repo(repo_id)
    assert list(api.get_repo_discussions(repo_id)) == []


def test_a_moved_repository_answers_under_both_names(hub, tmp_path):
    api, repo_id = hub.api(), hub.repo()
    hub.commit(repo_id, {"a.txt": "content"})
    api.move_repo(repo_id, f"{repo_id}-new")
    assert api.model_info(repo_id).id == f"{repo_id}-new"
    assert Path(api.hf_hub_download(repo_id, "a.txt", cache_dir=tmp_path)).read_text() == "content"
    redirect = hub.request("GET", f"/api/models/{repo_id}/tree/main?recursive=1")
    assert redirect.status == 307
    assert redirect.headers["location"] == f"/api/models/{repo_id}-new/tree/main?recursive=1"


def test_the_old_name_can_be_taken_again(hub):
    api, repo_id = hub.api(), hub.repo()
    api.move_repo(repo_id, f"{repo_id}-new")
    api.create_repo(repo_id)
    assert api.model_info(repo_id).id == repo_id


def test_a_move_does_not_overwrite_or_leave_the_namespace(hub):
    api, first, second = hub.api(), hub.repo(), hub.repo()
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.move_repo(first, second)
    with pytest.raises(HfHubHTTPError, match="403"):
        api.move_repo(first, "bob/mine-now")
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").move_repo(first, "bob/mine-now")


def test_a_private_repository_that_moved_redirects_nobody_else(hub):
    api, repo_id = hub.api(), hub.repo(private=True)
    api.move_repo(repo_id, f"{repo_id}-new")
    assert hub.request("GET", f"/api/models/{repo_id}", user="alice").status == 307
    assert hub.request("GET", f"/api/models/{repo_id}", user="bob").status == 404


def test_settings_make_a_repository_private_and_public(hub):
    api, repo_id = hub.api(), hub.repo()
    api.update_repo_settings(repo_id, private=True)
    assert api.model_info(repo_id).private
    assert not hub.api("bob").repo_exists(repo_id)
    api.update_repo_settings(repo_id, private=False)
    assert hub.api("bob").repo_exists(repo_id)


def test_what_is_out_of_scope_says_so(hub):
    repo_id = hub.repo()
    for method, path in [
        ("GET", "/api/settings/tokens"),
        ("POST", "/api/buckets/alice/b"),
        ("POST", f"/api/models/{repo_id}/resource-group"),
        ("GET", "/api/papers/search"),
    ]:
        answer = hub.request(method, path, user="alice")
        assert answer.status == 501
        assert answer.headers["x-error-code"] == "NotImplemented"
        assert "out of scope" in answer.json()["error"]
