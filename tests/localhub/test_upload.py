import hashlib
import io
import os

import pytest
from huggingface_hub import CommitOperationAdd

from factory.localhub import upload


def preupload(hub, repo_id, files, **body):
    answer = hub.request("POST", f"/api/models/{repo_id}/preupload/main", user="alice", body={"files": files, **body})
    return {file["path"]: file for file in answer.json()["files"]} if answer.status == 200 else answer.status


def batch(hub, repo_id, oid, size, *, user="alice", transfers=("basic",)):
    body = {"operation": "upload", "transfers": list(transfers), "objects": [{"oid": oid, "size": size}]}
    answer = hub.request("POST", f"/{repo_id}.git/info/lfs/objects/batch", user=user, body=body)
    return answer.json()["objects"][0] if answer.status == 200 else answer.status


def put(hub, url, content):
    return hub.request("PUT", url.removeprefix(hub.endpoint), body=content)


def test_preupload_tells_how_and_what_is_there(hub):
    repo_id = hub.repo()
    hub.commit(repo_id, {"a.txt": "known"})
    hub.api().upload_file(path_or_fileobj=b"weights", path_in_repo="w.bin", repo_id=repo_id)
    told = preupload(hub, repo_id, [{"path": p, "size": 5, "sample": "eHg="} for p in ("a.txt", "w.bin", "new.onnx")])
    assert [told[path]["uploadMode"] for path in ("a.txt", "w.bin", "new.onnx")] == ["regular", "lfs", "lfs"]
    assert told["a.txt"]["oid"] == hashlib.sha1(b"blob 5\0known").hexdigest()
    assert told["w.bin"]["oid"] == hashlib.sha256(b"weights").hexdigest()
    assert told["new.onnx"]["oid"] is None


def test_gitignore_is_the_one_sent_or_the_one_committed(hub):
    repo_id = hub.repo()
    files = [{"path": "a.log", "size": 1, "sample": ""}]
    assert preupload(hub, repo_id, files, gitIgnore="*.log")["a.log"]["shouldIgnore"]
    assert not preupload(hub, repo_id, files)["a.log"]["shouldIgnore"]
    hub.commit(repo_id, {".gitignore": "*.log"})
    assert preupload(hub, repo_id, files)["a.log"]["shouldIgnore"]


@pytest.mark.parametrize(
    "file",
    [
        {},
        {"path": "a"},
        {"path": "a", "size": -1},
        {"path": "a", "size": "1"},
        3,
        {"path": "a", "size": 1, "sample": 5},
    ],
)
def test_preupload_of_nonsense_is_a_400(hub, file):
    assert preupload(hub, hub.repo(), [file]) == 400


def test_preupload_of_a_path_that_leaves_is_a_422(hub):
    assert preupload(hub, hub.repo(), [{"path": "../x", "size": 1, "sample": ""}]) == 422


def test_an_object_is_received_once(hub):
    repo_id, content = hub.repo(), os.urandom(100)
    oid = hashlib.sha256(content).hexdigest()
    plan = batch(hub, repo_id, oid, 100)
    assert put(hub, plan["actions"]["upload"]["href"], content).status == 200
    assert "actions" not in batch(hub, repo_id, oid, 100)
    assert (hub.root / "blobs" / oid[:2] / oid).read_bytes() == content


@pytest.mark.parametrize("content", [b"x" * 100, b"", b"x" * 99, b"y" * 100])
def test_content_that_is_not_what_was_announced_is_refused(hub, content):
    repo_id = hub.repo()
    oid = hashlib.sha256(b"another" * 20).hexdigest()
    plan = batch(hub, repo_id, oid, 100)
    assert put(hub, plan["actions"]["upload"]["href"], content).status == 400
    assert not (hub.root / "blobs" / oid[:2] / oid).exists()


def test_more_content_than_announced_is_not_received(hub):
    plan = batch(hub, hub.repo(), "a" * 64, 10)
    assert put(hub, plan["actions"]["upload"]["href"], b"x" * 11).status == 413


def test_an_upload_address_cannot_be_forged(hub):
    url = batch(hub, hub.repo(), "a" * 64, 10)["actions"]["upload"]["href"]
    assert put(hub, url[:-3] + "AAA", b"x" * 10).status == 401
    assert put(hub, "/lfs/x", b"x").status == 401


@pytest.mark.parametrize("oid", ["../../x", "A" * 64, "a" * 63, ""])
def test_an_object_of_an_impossible_name_is_refused(hub, oid):
    assert batch(hub, hub.repo(), oid, 10) == 400


def test_whoever_can_read_may_upload_for_a_pull_request(hub):
    assert "actions" in batch(hub, hub.repo(), "b" * 64, 10, user="bob")
    assert batch(hub, hub.repo(), "b" * 64, 10, user=None) == 401


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own
def test_an_open_file_goes_by_lfs_even_with_xet(hub):
    repo_id = hub.repo()
    operation = CommitOperationAdd("w.bin", io.BytesIO(b"from an open file"))
    hub.api().create_commit(repo_id, [operation], commit_message="x")
    assert hub.read(repo_id, "w.bin") == b"from an open file"


def test_the_client_without_xet_uploads_by_lfs(hub, run_client, tmp_path):
    repo_id = hub.repo()
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.safetensors").write_bytes(os.urandom(300_000))
    (folder / "parts.safetensors").write_bytes(os.urandom(2**20) * 33)
    code = (
        f"from huggingface_hub import HfApi; HfApi().upload_folder(folder_path={str(folder)!r}, repo_id={repo_id!r})"
    )
    run_client(hub, code, HF_HUB_DISABLE_XET="1")
    for path in folder.iterdir():
        assert hub.read(repo_id, path.name) == path.read_bytes()


def plan_parts(hub, content):
    oid = hashlib.sha256(content).hexdigest()
    plan = batch(hub, hub.repo(), oid, len(content), transfers=("basic", "multipart"))["actions"]["upload"]
    header = dict(plan["header"])
    assert header.pop("chunk_size") == str(upload.PART_BYTES)
    return plan["href"].removeprefix(hub.endpoint), [header[number] for number in sorted(header)]


def test_a_large_object_is_received_in_parts_in_any_order(hub):
    content = os.urandom(2**20) * 33
    href, urls = plan_parts(hub, content)
    assert len(urls) == 2
    assert put(hub, urls[1], content[upload.PART_BYTES :]).headers["etag"]
    assert hub.request("POST", href, body={}).json()["error"] == "A part of the upload is missing"
    assert put(hub, urls[0], content[: upload.PART_BYTES]).headers["etag"]
    assert hub.request("POST", href, body={}).status == 200
    assert hub.request("POST", href, body={}).status == 200, "a client whose answer was lost asks again"
    oid = hashlib.sha256(content).hexdigest()
    assert (hub.root / "blobs" / oid[:2] / oid).read_bytes() == content


def test_parts_that_are_not_the_object_are_refused(hub):
    content = os.urandom(2**20) * 33
    href, urls = plan_parts(hub, content)
    assert put(hub, urls[1], b"short").status == 400
    assert put(hub, urls[1], bytes(2**20)).status == 200
    assert put(hub, urls[0], content[: upload.PART_BYTES]).status == 200
    assert hub.request("POST", href, body={}).status == 400
