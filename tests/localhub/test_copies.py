import pytest
from huggingface_hub import CommitOperationCopy
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError


@pytest.fixture
def source(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"README.md": "---\nlicense: mit\n---\n", "a.txt": "1"})
    hub.api().upload_file(path_or_fileobj=b"weights", path_in_repo="w.bin", repo_id=repo_id)
    hub.api().create_tag(repo_id, tag="v1")
    return repo_id


def test_a_repository_is_duplicated_with_its_history(hub, source):
    bob = hub.api("bob")
    copy = bob.duplicate_repo(source, to_id=f"bob/{source[6:]}-copy").repo_id
    assert bob.model_info(copy).sha == bob.model_info(source).sha
    assert "license:mit" in bob.model_info(copy).tags
    assert [tag.name for tag in bob.list_repo_refs(copy).tags] == ["v1"]
    assert hub.read(copy, "w.bin", "v1", user="bob") == b"weights"
    hub.commit(copy, {"a.txt": "2"}, user="bob")
    assert hub.read(source, "a.txt") == b"1"
    with pytest.raises(HfHubHTTPError, match="409"):
        bob.duplicate_repo(source, to_id=copy)


def test_large_files_are_copied_between_repositories_without_being_sent(hub, source):
    target = hub.repo(user="bob")
    operations = [CommitOperationCopy("w.bin", "from/w.bin", src_repo_id=source, src_repo_type="model")]
    hub.api("bob").create_commit(target, operations, commit_message="copy")
    assert hub.read(target, "from/w.bin", user="bob") == b"weights"


def test_what_one_may_not_read_is_not_copied(hub, source):
    hub.api().update_repo_settings(source, private=True)
    with pytest.raises(RepositoryNotFoundError):
        hub.api("bob").duplicate_repo(source, to_id="bob/stolen")
    (entry,) = hub.api().get_paths_info(source, "w.bin")
    body = {
        "target": {"type": "model", "name": hub.repo(user="bob")},
        "files": [{"sha256": entry.lfs.sha256, "filename": "w.bin", "xetHash": entry.xet_hash}],
    }
    assert hub.request("POST", f"/api/models/{source}/lfs-files/duplicate", user="bob", body=body).status == 404


def test_a_private_repository_is_duplicated_as_private(hub, source):
    hub.api().update_repo_settings(source, private=True)
    copy = hub.api().duplicate_repo(source, to_id=f"{source}-copy").repo_id
    assert hub.api().model_info(copy).private


def test_nothing_is_given_to_a_repository_of_another(hub, source):
    body = {"target": {"type": "model", "name": hub.repo()}, "files": []}
    assert hub.request("POST", f"/api/models/{source}/lfs-files/duplicate", user="bob", body=body).status == 403


@pytest.mark.parametrize("body", [{}, {"target": 3, "files": []}, {"target": {}, "files": [1] * 1001}])
def test_a_copy_of_nonsense_is_a_400(hub, source, body):
    assert hub.request("POST", f"/api/models/{source}/lfs-files/duplicate", user="alice", body=body).status == 400
