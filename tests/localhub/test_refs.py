import pytest
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError


@pytest.fixture
def repo_id(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"a.txt": "1"})
    return repo_id


def test_branches_and_tags_are_listed_where_they_point(hub, repo_id):
    api = hub.api()
    sha = api.model_info(repo_id).sha
    api.create_branch(repo_id, branch="dev/a")
    api.create_tag(repo_id, tag="v1", tag_message="first")
    refs = api.list_repo_refs(repo_id)
    assert {(ref.name, ref.ref, ref.target_commit) for ref in refs.branches} == {
        ("main", "refs/heads/main", sha),
        ("dev/a", "refs/heads/dev/a", sha),
    }
    assert [(ref.name, ref.ref) for ref in refs.tags] == [("v1", "refs/tags/v1")]


def test_a_branch_with_a_slash_goes_its_own_way(hub, repo_id):
    api = hub.api()
    api.create_branch(repo_id, branch="dev/a")
    api.upload_file(path_or_fileobj=b"2", path_in_repo="b.txt", repo_id=repo_id, revision="dev/a")
    assert "b.txt" in api.list_repo_files(repo_id, revision="dev/a")
    assert "b.txt" not in api.list_repo_files(repo_id)


def test_a_tag_stays_when_main_moves(hub, repo_id):
    hub.api().create_tag(repo_id, tag="v1")
    hub.commit(repo_id, {"a.txt": "2"})
    assert (hub.read(repo_id, "a.txt", "v1"), hub.read(repo_id, "a.txt")) == (b"1", b"2")
    assert hub.api().model_info(repo_id, revision="v1").sha != hub.api().model_info(repo_id).sha


def test_head_is_main(hub, repo_id):
    assert hub.api().model_info(repo_id, revision="HEAD").sha == hub.api().model_info(repo_id, revision="main").sha
    assert hub.read(repo_id, "a.txt", "HEAD") == hub.read(repo_id, "a.txt")


def test_a_branch_can_start_in_the_past(hub, repo_id):
    api = hub.api()
    first = api.list_repo_commits(repo_id)[-1].commit_id
    api.create_branch(repo_id, branch="old", revision=first)
    assert api.list_repo_files(repo_id, revision="old") == [".gitattributes"]


def test_what_exists_is_a_409_and_can_be_accepted(hub, repo_id):
    api = hub.api()
    for create in (api.create_branch, api.create_tag):
        name = {"branch": "x"} if create == api.create_branch else {"tag": "x"}
        create(repo_id, **name)
        with pytest.raises(HfHubHTTPError, match="409"):
            create(repo_id, **name)
        create(repo_id, **name, exist_ok=True)


def test_what_is_deleted_is_gone_and_main_stays(hub, repo_id):
    api = hub.api()
    api.create_branch(repo_id, branch="x")
    api.delete_branch(repo_id, branch="x")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo_id, revision="x")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo_id, tag="x")
    with pytest.raises(HfHubHTTPError, match="Cannot delete"):
        api.delete_branch(repo_id, branch="main")


@pytest.mark.parametrize(
    "name", ["a b", "a..b", "-a", "a~1", "a^", "a:b", "a.lock", "/a", "a/", "a//b", "@{", "refs/pr/9"]
)
def test_a_name_that_git_would_not_take_is_refused(hub, repo_id, name):
    answer = hub.request("POST", f"/api/models/{repo_id}/tag/main", user="alice", body={"tag": name})
    assert answer.status == 400


def test_history_is_listed_newest_first_in_pages(hub):
    repo_id = hub.repo()
    for number in range(4):
        hub.commit(repo_id, {"a.txt": str(number)})
    first = hub.request("GET", f"/api/models/{repo_id}/commits/main?limit=3")
    assert len(first.json()) == 3
    assert 'rel="next"' in first.headers["link"]
    commits = hub.api().list_repo_commits(repo_id)
    assert [commit.title for commit in commits] == ["test"] * 4 + ["initial commit"]
    assert commits[0].authors == ["alice"]


def test_squashing_keeps_the_files_and_forgets_the_history(hub, repo_id):
    api = hub.api()
    hub.commit(repo_id, {"b.txt": "2"})
    api.super_squash_history(repo_id, commit_message="all of it")
    assert [commit.title for commit in api.list_repo_commits(repo_id)] == ["all of it"]
    assert set(api.list_repo_files(repo_id)) == {".gitattributes", "a.txt", "b.txt"}


def test_others_may_change_no_refs(hub, repo_id):
    for method, path in [
        ("POST", "branch/x"),
        ("DELETE", "branch/main"),
        ("POST", "tag/main"),
        ("POST", "super-squash/main"),
    ]:
        assert hub.request(method, f"/api/models/{repo_id}/{path}", user="bob", body={"tag": "x"}).status == 403
