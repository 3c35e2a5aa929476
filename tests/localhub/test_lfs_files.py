import hashlib
from contextlib import contextmanager

import pytest
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from starlette.testclient import TestClient

from factory.localhub.admin import add_user, import_folder, verify
from factory.localhub.app import Hub
from factory.localhub.store import Store


def upload(hub, repo_id, path, content, **where):
    hub.api().upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo_id, **where)


@pytest.fixture
def repo_id(hub):
    """A repository with two large files on main, one of them gone from its head, and another on a branch."""
    repo_id = hub.repo()
    upload(hub, repo_id, "sub/old.bin", f"old of {repo_id}".encode())
    hub.api().create_tag(repo_id, tag="first")
    hub.api().delete_file("sub/old.bin", repo_id)
    upload(hub, repo_id, "kept.bin", b"kept")
    hub.commit(repo_id, {"a.txt": "a"})
    hub.api().create_branch(repo_id, branch="side")
    upload(hub, repo_id, "side.bin", b"side", revision="side")
    return repo_id


def test_every_large_file_of_the_history_is_listed(hub, repo_id):
    files = {file.filename: file for file in hub.api().list_lfs_files(repo_id)}
    assert {name: file.ref for name, file in files.items()} == {
        "sub/old.bin": "main",
        "kept.bin": "main",
        "side.bin": "side",
    }
    assert files["kept.bin"].size == 4


def test_what_is_deleted_for_good_is_in_no_commit_and_not_on_the_disk(hub, repo_id):
    api = hub.api()
    old = next(file for file in api.list_lfs_files(repo_id) if file.filename == "sub/old.bin")
    before = [commit.title for commit in api.list_repo_commits(repo_id)]
    former = api.repo_info(repo_id, revision="first").sha
    api.permanently_delete_lfs_files(repo_id, [old])
    assert [commit.title for commit in api.list_repo_commits(repo_id)] == before
    assert {file.filename for file in api.list_lfs_files(repo_id)} == {"kept.bin", "side.bin"}
    assert set(api.list_repo_files(repo_id, revision="first")) == {".gitattributes"}
    assert hub.read(repo_id, "kept.bin", "side") == b"kept"
    assert hub.request("GET", f"/api/models/{repo_id}/revision/{former}", user="alice").status == 404
    assert not list(hub.root.glob(f"blobs/*/{old.file_oid}"))
    assert verify(hub.root) == []
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo_id, "sub/old.bin", revision="first")


def test_the_same_bytes_in_another_repository_stay(hub, repo_id):
    other = hub.repo()
    upload(hub, other, "same.bin", b"kept")
    kept = [file for file in hub.api().list_lfs_files(repo_id) if file.filename == "kept.bin"]
    hub.api().permanently_delete_lfs_files(repo_id, kept)
    assert hub.read(other, "same.bin") == b"kept"
    assert verify(hub.root) == []


def test_it_takes_the_right_to_write_and_to_rewrite(hub, repo_id):
    files = list(hub.api().list_lfs_files(repo_id))
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").permanently_delete_lfs_files(repo_id, files)
    with pytest.raises(HfHubHTTPError, match="rewrite_history=True"):
        hub.api().permanently_delete_lfs_files(repo_id, files, rewrite_history=False)
    assert hub.request("POST", f"/api/models/{repo_id}/lfs-files/batch", user="alice", body={}).status == 400


class SharedStore(Store):
    """A store where somebody else is next after the first change: `then` is what they do."""

    @contextmanager
    def transaction(self):
        with super().transaction() as db:
            yield db
        then, self.then = self.then, lambda: None
        then()


def test_what_is_committed_again_while_it_is_deleted_stays(tmp_path):
    root, folder = tmp_path / "hub", tmp_path / "folder"
    folder.mkdir()
    (folder / "w.bin").write_bytes(b"weights")
    import_folder(root, folder, "local/m")
    headers = {"Authorization": f"Bearer {add_user(root, 'local')}"}
    store = SharedStore(root)
    store.then = lambda: import_folder(root, folder, "local/other")
    hub = Hub(store)
    client = TestClient(hub, "http://127.0.0.1")
    body = {"deletions": {"sha": [hashlib.sha256(b"weights").hexdigest()], "rewriteHistory": True}}
    assert client.post("/api/models/local/m/lfs-files/batch", json=body, headers=headers).status_code == 200
    assert client.get("/local/m/resolve/main/w.bin").status_code == 404
    assert client.get("/local/other/resolve/main/w.bin").content == b"weights"
    hub.close()
    store.close()
    assert verify(root) == []
