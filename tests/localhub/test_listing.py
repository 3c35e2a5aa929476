import pytest
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.hf_api import RepoFile, RepoFolder


@pytest.fixture(scope="module")
def repo_id(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"a.txt": "12", "d/b.txt": "345", "d/e/c.txt": "6"})
    hub.api().upload_file(
        path_or_fileobj=b"weights", path_in_repo="d/w.bin", repo_id=repo_id, commit_message="weights"
    )
    return repo_id


def test_a_directory_is_listed_and_all_below_it_when_asked(hub, repo_id):
    api = hub.api()
    assert [item.path for item in api.list_repo_tree(repo_id)] == [".gitattributes", "a.txt", "d"]
    assert [item.path for item in api.list_repo_tree(repo_id, "d")] == ["d/b.txt", "d/e", "d/w.bin"]
    below = {item.path for item in api.list_repo_tree(repo_id, recursive=True)}
    assert below == {".gitattributes", "a.txt", "d", "d/b.txt", "d/e", "d/e/c.txt", "d/w.bin"}


def test_items_tell_size_ids_and_the_pointer_of_large_files(hub, repo_id):
    items = {item.path: item for item in hub.api().list_repo_tree(repo_id, "d")}
    assert isinstance(items["d/e"], RepoFolder)
    assert items["d/b.txt"].size == 3
    assert items["d/b.txt"].lfs is None
    assert items["d/w.bin"].lfs.size == 7
    assert items["d/w.bin"].blob_id != items["d/w.bin"].lfs.sha256


def test_the_commit_that_last_changed_a_path_is_found(hub, repo_id):
    items = {item.path: item for item in hub.api().list_repo_tree(repo_id, recursive=True, expand=True)}
    assert items["d/w.bin"].last_commit.title == "weights"
    assert items["d"].last_commit.title == "weights"
    assert items["d/b.txt"].last_commit.title == "test"
    assert items[".gitattributes"].last_commit.title == "initial commit"


def test_long_listings_come_in_pages(hub, repo_id):
    first = hub.request("GET", f"/api/models/{repo_id}/tree/main?recursive=true&limit=3")
    assert len(first.json()) == 3
    address = first.headers["link"].split(">")[0].removeprefix(f"<{hub.endpoint}")
    second = hub.request("GET", address)
    assert {item["path"] for item in first.json()}.isdisjoint({item["path"] for item in second.json()})


def test_paths_are_described_and_unknown_ones_left_out(hub, repo_id):
    found = hub.api().get_paths_info(repo_id, ["a.txt", "d", "nope", "a.txt/x"])
    assert {(type(item), item.path) for item in found} == {(RepoFile, "a.txt"), (RepoFolder, "d")}


def test_sizes_are_summed(hub, repo_id):
    assert hub.request("GET", f"/api/models/{repo_id}/treesize/main/d").json() == {"path": "/d", "size": 11}
    assert hub.request("GET", f"/api/models/{repo_id}/treesize/main/d/b.txt").json()["size"] == 3


@pytest.mark.parametrize("path", ["nope", "a.txt", "d/nope"])
def test_a_directory_that_is_none_is_a_404(hub, repo_id, path):
    with pytest.raises(EntryNotFoundError):
        list(hub.api().list_repo_tree(repo_id, path))


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "cursor=abc", "limit=99999999999999999999"])
def test_a_page_that_is_none_is_a_400(hub, repo_id, query):
    assert hub.request("GET", f"/api/models/{repo_id}/tree/main?{query}").status == 400


def test_too_many_paths_are_refused(hub, repo_id):
    assert hub.request("POST", f"/api/models/{repo_id}/paths-info/main", body={"paths": ["a"] * 1001}).status == 400
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "&".join(["paths=a"] * 2000).encode()
    assert hub.request("POST", f"/api/models/{repo_id}/paths-info/main", body=body, headers=headers).status == 400
