import hashlib
from pathlib import Path

import pytest
from huggingface_hub import HfFileSystem, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError

from factory.localhub import git

WEIGHTS = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def repo_id(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"small.txt": "0123456789", "d/what?is%this#.txt": "odd"})
    hub.api().upload_file(path_or_fileobj=WEIGHTS, path_in_repo="w.safetensors", repo_id=repo_id)
    return repo_id


def test_headers_name_the_commit_and_the_content(hub, repo_id):
    sha = hub.api().model_info(repo_id).sha
    small = hub.request("HEAD", f"/{repo_id}/resolve/main/small.txt")
    assert small.headers["x-repo-commit"] == sha
    assert small.headers["etag"] == f'"{git.object_id("blob", b"0123456789")}"'
    assert small.headers["content-length"] == "10"
    assert small.headers["accept-ranges"] == "bytes"
    assert small.body == b""
    large = hub.request("HEAD", f"/{repo_id}/resolve/main/w.safetensors")
    assert large.headers["x-linked-etag"] == f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
    assert large.headers["x-linked-size"] == str(len(WEIGHTS))


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, None),
        ("bytes=x", 400, None),
    ],
)
def test_ranges(hub, repo_id, asked, status, part):
    answer = hub.request("GET", f"/{repo_id}/resolve/main/small.txt", headers={"Range": asked})
    assert answer.status == status
    if part is not None:
        assert answer.body == part


def test_a_missing_file_names_the_commit_and_is_remembered(hub, repo_id, tmp_path):
    answer = hub.request("HEAD", f"/{repo_id}/resolve/main/nope.txt")
    assert (answer.status, answer.headers["x-error-code"]) == (404, "EntryNotFound")
    assert answer.headers["x-repo-commit"] == hub.api().model_info(repo_id).sha
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo_id, "nope.txt", endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
    assert isinstance(try_to_load_from_cache(repo_id, "nope.txt", cache_dir=tmp_path), object)
    assert list(tmp_path.rglob(".no_exist/*/nope.txt"))


def test_a_missing_revision_has_its_own_code(hub, repo_id):
    answer = hub.request("GET", f"/{repo_id}/resolve/nope/small.txt")
    assert (answer.status, answer.headers["x-error-code"]) == (404, "RevisionNotFound")


@pytest.mark.parametrize(
    "path",
    ["../secret", "..%2f..%2fsecret", "%2e%2e/%2e%2e/secret", "..%5csecret", "%252e%252e/secret", "/secret", "d"],
)
def test_no_spelling_leaves_the_tree(hub, repo_id, path):
    answer = hub.request("GET", f"/{repo_id}/resolve/main/{path}")
    assert answer.status == 404
    assert answer.headers["x-error-code"] == "EntryNotFound"


def test_odd_names_come_back(hub, repo_id, tmp_path):
    path = hf_hub_download(repo_id, "d/what?is%this#.txt", endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
    assert Path(path).read_text() == "odd"


def test_a_snapshot_is_the_whole_revision(hub, repo_id, tmp_path):
    folder = snapshot_download(repo_id, endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
    assert Path(f"{folder}/w.safetensors").read_bytes() == WEIGHTS
    assert Path(f"{folder}/small.txt").read_text() == "0123456789"


def test_the_file_system_reads_parts(hub, repo_id):
    system = HfFileSystem(endpoint=hub.endpoint, token=False)
    with system.open(f"{repo_id}/w.safetensors", "rb") as file:
        file.seek(1000)
        assert file.read(16) == WEIGHTS[1000:1016]
    assert system.glob(f"{repo_id}/**/*.txt") == [f"{repo_id}/d/what?is%this#.txt", f"{repo_id}/small.txt"]


def test_a_page_in_a_repository_is_not_served_as_one(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"evil.html": "<script>alert(1)</script>", "evil.svg": "<svg/>"})
    for name in ("evil.html", "evil.svg"):
        headers = hub.request("GET", f"/{repo_id}/resolve/main/{name}").headers
        assert headers["content-type"].startswith("text/plain")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
