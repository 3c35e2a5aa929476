import pytest
from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import HfHubHTTPError


@pytest.fixture
def repo_id(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"a.txt": "1", "b.txt": "1"})
    return repo_id


def propose(hub, repo_id, path, content, user="bob"):
    operations = [CommitOperationAdd(path, content)]
    return hub.api(user).create_commit(repo_id, operations, commit_message="A change", create_pr=True)


def test_a_change_is_proposed_by_anybody_and_merged_by_the_owner(hub, repo_id):
    info = propose(hub, repo_id, "new.bin", b"weights of another user")
    assert (info.pr_num, info.pr_revision) == (1, "refs/pr/1")
    assert hub.read(repo_id, "new.bin", "refs%2Fpr%2F1") == b"weights of another user"
    assert "new.bin" not in hub.api().list_repo_files(repo_id)
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").merge_pull_request(repo_id, 1)
    hub.api().merge_pull_request(repo_id, 1)
    assert hub.read(repo_id, "new.bin") == b"weights of another user"
    details = hub.api().get_discussion_details(repo_id, 1)
    assert details.status == "merged"
    assert details.merge_commit_oid == hub.api().model_info(repo_id).sha
    assert [event.type for event in details.events] == ["comment", "commit", "status-change"]


def test_more_commits_are_added_by_the_author_and_the_owner_alone(hub, repo_id):
    propose(hub, repo_id, "x.txt", b"1")
    hub.api("bob").upload_file(path_or_fileobj=b"2", path_in_repo="x.txt", repo_id=repo_id, revision="refs/pr/1")
    hub.api().upload_file(path_or_fileobj=b"3", path_in_repo="y.txt", repo_id=repo_id, revision="refs/pr/1")
    propose(hub, repo_id, "z.txt", b"1", user="alice")
    assert hub.commit(repo_id, {"z.txt": "2"}, user="bob", rev="refs%2Fpr%2F2").status == 403


def test_main_may_have_moved_on_elsewhere(hub, repo_id):
    propose(hub, repo_id, "a.txt", b"theirs")
    hub.commit(repo_id, {"b.txt": "ours"})
    hub.api().merge_pull_request(repo_id, 1)
    assert (hub.read(repo_id, "a.txt"), hub.read(repo_id, "b.txt")) == (b"theirs", b"ours")


def test_two_changes_of_one_file_are_a_conflict_and_nothing_is_lost(hub, repo_id):
    propose(hub, repo_id, "a.txt", b"theirs")
    hub.commit(repo_id, {"a.txt": "ours"})
    assert hub.api().get_discussion_details(repo_id, 1).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError, match=r"conflicts with its base in: a\.txt"):
        hub.api().merge_pull_request(repo_id, 1)
    assert hub.read(repo_id, "a.txt") == b"ours"


def test_a_merged_or_closed_pull_request_is_not_merged(hub, repo_id):
    propose(hub, repo_id, "x.txt", b"1")
    hub.api().change_discussion_status(repo_id, 1, "closed")
    with pytest.raises(HfHubHTTPError, match="Only an open pull request"):
        hub.api().merge_pull_request(repo_id, 1)


def test_a_draft_is_opened_first_and_filled_later(hub, repo_id):
    api = hub.api()
    pull = api.create_pull_request(repo_id, title="In steps")
    assert pull.status == "draft"
    api.upload_file(path_or_fileobj=b"1", path_in_repo="x.txt", repo_id=repo_id, revision=pull.git_reference)
    api.change_discussion_status(repo_id, pull.num, "open")
    api.merge_pull_request(repo_id, pull.num)
    assert hub.read(repo_id, "x.txt") == b"1"


def test_a_folder_is_proposed_by_the_pipeline(hub, repo_id, tmp_path):
    (tmp_path / "x.txt").write_text("1")
    (tmp_path / "w.bin").write_bytes(b"weights")
    info = hub.api("bob").upload_folder(folder_path=tmp_path, repo_id=repo_id, create_pr=True)
    assert info.pr_num == 1
    assert hub.read(repo_id, "w.bin", "refs%2Fpr%2F1") == b"weights"


def test_nobody_without_a_token_proposes(hub, repo_id):
    assert hub.commit(repo_id, {"x": "1"}, user=None, query="?create_pr=1").status == 401
    assert hub.commit(repo_id, {"x": "1"}, user="reader", query="?create_pr=1").status == 403
