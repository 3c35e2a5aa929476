import pytest

from factory.localhub.admin import add_user, import_folder, list_repos, verify
from factory.localhub.errors import HubError
from tests.localhub.conftest import start_hub


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my-model"
    (folder / "sub").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("not part of it")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "sub" / "w.safetensors").write_bytes(b"weights")
    return folder


def test_a_folder_becomes_the_content_of_a_repository(tmp_path, folder):
    sha = import_folder(tmp_path / "hub", folder, "local/m")
    with start_hub(tmp_path / "hub") as hub:
        info = hub.api("local").model_info("local/m", files_metadata=True)
        assert info.sha == sha
        assert {s.rfilename for s in info.siblings} == {".gitattributes", "README.md", "sub/w.safetensors"}
        assert "license:mit" in info.tags
        assert hub.read("local/m", "sub/w.safetensors", user="local") == b"weights"
        commit = hub.api("local").list_repo_commits("local/m")[0]
        assert (commit.title, commit.authors) == ("Import my-model", ["local"])


def test_the_same_folder_again_makes_no_commit_and_a_changed_one_does(tmp_path, folder):
    hub = tmp_path / "hub"
    first = import_folder(hub, folder, "local/m")
    assert import_folder(hub, folder, "local/m") == first
    (folder / "README.md").unlink()
    second = import_folder(hub, folder, "local/m")
    assert second != first
    with start_hub(hub) as running:
        assert "README.md" not in running.api("local").list_repo_files("local/m")
        assert "README.md" in running.api("local").list_repo_files("local/m", revision=first)
    assert verify(hub) == []


def test_a_namespace_that_is_missing_becomes_an_organisation_of_the_default_user(tmp_path, folder):
    import_folder(tmp_path / "hub", folder, "some-org/m", repo_type="dataset")
    with start_hub(tmp_path / "hub") as hub:
        api = hub.api("local")
        assert [org["name"] for org in api.whoami()["orgs"]] == ["some-org"]
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id="some-org/m", repo_type="dataset")
        assert api.create_repo("some-org/another").repo_id == "some-org/another"
        other = add_user(tmp_path / "hub", "other")
        assert hub.request("GET", "/api/whoami-v2", token=other).json()["orgs"] == []


def test_importing_works_beside_a_running_server(tmp_path, folder):
    with start_hub(tmp_path / "hub") as hub:
        import_folder(tmp_path / "hub", folder, "local/m")
        assert hub.read("local/m", "sub/w.safetensors", user="local") == b"weights"


def test_repositories_are_listed_with_their_sizes(tmp_path, folder):
    root = tmp_path / "hub"
    sha = import_folder(root, folder, "local/m")
    import_folder(root, folder, "local/d", repo_type="dataset")
    data, model = list_repos(root)
    assert (data.id, data.type) == ("local/d", "dataset")
    assert (model.id, model.type, model.private, model.sha) == ("local/m", "model", False, sha)
    assert model.bytes > len("weights")
    assert model.updated.endswith("Z")


@pytest.mark.parametrize("repo_id", ["m", "", "a/b/c", "../x/y", "a b/c", "api/x", "local/" + "x" * 100])
def test_a_name_that_is_none_is_refused(tmp_path, folder, repo_id):
    with pytest.raises(HubError):
        import_folder(tmp_path / "hub", folder, repo_id)
    assert list_repos(tmp_path / "hub") == []


def test_what_is_no_folder_or_no_type_is_refused(tmp_path, folder):
    with pytest.raises(HubError, match="is not a folder"):
        import_folder(tmp_path / "hub", folder / "README.md", "local/m")
    with pytest.raises(HubError, match="not a repository type"):
        import_folder(tmp_path / "hub", folder, "local/m", repo_type="bucket")


@pytest.mark.parametrize("look", [list_repos, verify])
def test_where_there_is_no_hub_none_is_made(tmp_path, look):
    with pytest.raises(FileNotFoundError, match="holds no Hub"):
        look(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()
