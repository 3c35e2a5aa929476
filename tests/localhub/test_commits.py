import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError


def files(hub, repo_id, revision="main"):
    return set(hub.api().list_repo_files(repo_id, revision=revision)) - {".gitattributes"}


def test_a_commit_adds_replaces_and_deletes_at_once(hub):
    api, repo_id = hub.api(), hub.repo()
    hub.commit(repo_id, {"a.txt": "1", "b.txt": "1", "d/x.txt": "1", "d/y.txt": "1"})
    info = api.create_commit(
        repo_id,
        [
            CommitOperationAdd("a.txt", b"2"),
            CommitOperationDelete("b.txt"),
            CommitOperationDelete("d/", is_folder=True),
            CommitOperationAdd("e/new.txt", b"3"),
        ],
        commit_message="many things",
        commit_description="and why",
    )
    assert files(hub, repo_id) == {"a.txt", "e/new.txt"}
    assert hub.read(repo_id, "a.txt") == b"2"
    newest = api.list_repo_commits(repo_id)[0]
    assert (newest.commit_id, newest.title, newest.message) == (info.oid, "many things", "and why")


def test_earlier_revisions_stay_as_they_were(hub):
    repo_id = hub.repo()
    first = hub.commit(repo_id, {"a.txt": "1"}).json()["commitOid"]
    hub.commit(repo_id, {"a.txt": "2"})
    assert hub.read(repo_id, "a.txt", first) == b"1"
    assert hub.read(repo_id, "a.txt", first[:8]) == b"1"
    assert hub.read(repo_id, "a.txt") == b"2"


def test_a_stale_parent_is_a_412_and_changes_nothing(hub):
    api, repo_id = hub.api(), hub.repo()
    seen = api.model_info(repo_id).sha
    hub.commit(repo_id, {"theirs.txt": "1"})
    with pytest.raises(HfHubHTTPError, match="The branch was updated since you opened this page") as fault:
        api.create_commit(repo_id, [CommitOperationAdd("mine.txt", b"2")], commit_message="x", parent_commit=seen)
    assert fault.value.response.status_code == 412
    assert files(hub, repo_id) == {"theirs.txt"}


def test_the_right_parent_is_taken_also_when_short(hub):
    repo_id = hub.repo()
    sha = hub.api().model_info(repo_id).sha
    assert hub.commit(repo_id, {"a": "1"}, parent=sha[:7]).status == 200


def test_of_two_commits_on_one_parent_exactly_one_is_taken(hub):
    repo_id = hub.repo()
    sha = hub.api().model_info(repo_id).sha
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda n: hub.commit(repo_id, {f"{n}.txt": str(n)}, parent=sha).status, range(6)))
    assert sorted(answers) == [200, 412, 412, 412, 412, 412]
    assert len(files(hub, repo_id)) == 1


def test_commits_without_a_parent_are_all_kept(hub):
    repo_id = hub.repo()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: hub.commit(repo_id, {f"{n}.txt": str(n)}).status, range(24)))
    assert answers == [200] * 24
    assert files(hub, repo_id) == {f"{n}.txt" for n in range(24)}
    assert len(hub.api().list_repo_commits(repo_id)) == 25


def test_nothing_new_makes_no_commit(hub):
    repo_id = hub.repo()
    first = hub.commit(repo_id, {"a.txt": "1"}).json()["commitOid"]
    assert hub.commit(repo_id, {"a.txt": "1"}).json()["commitOid"] == first


def test_a_commit_on_a_missing_branch_is_refused(hub):
    with pytest.raises(RevisionNotFoundError):
        hub.api().create_commit(hub.repo(), [CommitOperationAdd("a", b"1")], commit_message="x", revision="nope")


def test_deleting_what_is_not_there_is_refused(hub):
    with pytest.raises(EntryNotFoundError):
        hub.api().delete_file("nope.txt", hub.repo())


def test_deleting_a_file_by_the_name_of_its_folder_deletes_the_folder(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"d/a": "1", "d/e/b": "2", "c": "3"})
    assert hub.commit(repo_id, {"d": None}).status == 200
    assert files(hub, repo_id) == {"c"}


def test_a_large_file_is_copied_without_sending_it(hub):
    api, repo_id = hub.api(), hub.repo()
    api.upload_file(path_or_fileobj=b"weights", path_in_repo="a.bin", repo_id=repo_id)
    api.create_commit(repo_id, [CommitOperationCopy("a.bin", "copy/b.bin")], commit_message="copy")
    assert hub.read(repo_id, "copy/b.bin") == b"weights"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("not json", 400),
        ("[]", 400),
        ('"x"', 400),
        ('{"key":"file"}', 400),
        ('{"key":"file","value":{"path":"a","content":"%%%"}}', 400),
        ('{"key":"file","value":{"path":"../a","content":"YQ=="}}', 422),
        ('{"key":"file","value":{"path":"a/.git/config","content":"YQ=="}}', 422),
        ('{"key":"file","value":{"path":"\\ud800","content":"YQ=="}}', 400),
        ('{"key":"lfsFile","value":{"path":"a","oid":"../../etc/passwd"}}', 400),
        ('{"key":"lfsFile","value":{"path":"a","oid":"%s"}}' % ("0" * 64), 400),
        ('{"key":"deletedFolder","value":{"path":"../"}}', 422),
        ('{"key":"chmod","value":{"path":"a"}}', 400),
    ],
)
def test_a_broken_line_is_refused_and_nothing_of_the_commit_is_kept(hub, line, status):
    repo_id = hub.repo()
    before = hub.api().model_info(repo_id).sha
    good = [{"key": "header", "value": {"summary": "x"}}, {"key": "file", "value": {"path": "ok", "content": "YQ=="}}]
    body = "\n".join([*map(json.dumps, good), line]).encode()
    answer = hub.request("POST", f"/api/models/{repo_id}/commit/main", user="alice", body=body)
    assert answer.status == status, answer.body
    assert hub.api().model_info(repo_id).sha == before


def test_a_commit_without_a_summary_is_refused(hub):
    assert hub.request("POST", f"/api/models/{hub.repo()}/commit/main", user="alice", body=b"").status == 400
