import hashlib
import json
import os
import shutil
import struct

import pytest

from factory.localhub.admin import collect_garbage, verify
from tests.localhub.conftest import start_hub

UPLOAD = """
from huggingface_hub import HfApi
for repo_id, token in {targets!r}:
    HfApi(token=token).create_repo(repo_id, exist_ok=True)
    HfApi(token=token).upload_folder(folder_path={folder!r}, repo_id=repo_id)
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "random.safetensors").write_bytes(os.urandom(700_000))
    (folder / "floats.bin").write_bytes(b"".join(i.to_bytes(4, "little") for i in range(200_000)))
    (folder / "text.bin").write_bytes(b"the same words again and again, " * 20_000)
    return folder


def upload(run_client, hub, folder, *repo_ids):
    """Upload a folder to each repository, as the user in its name, from one process with one Xet cache."""
    targets = [(repo_id, hub.tokens[repo_id.split("/")[0]]) for repo_id in repo_ids]
    run_client(hub, UPLOAD.format(targets=targets, folder=str(folder)))


def test_files_of_every_compression_arrive_as_they_were(hub, run_client, folder):
    """In a second repository they are made from blobs, as xorbs do not stay; for another user all is sent again."""
    stored = [path for path in (hub.root / "xorbs").rglob("*") if path.is_file()]
    repo_ids = ("alice/xet-first", "alice/xet-second", "bob/xet-third")
    upload(run_client, hub, folder, *repo_ids)
    for path in folder.iterdir():
        for repo_id in repo_ids:
            assert hub.read(repo_id, path.name) == path.read_bytes()
    assert [path for path in (hub.root / "xorbs").rglob("*") if path.is_file()] == stored


def test_a_file_with_a_part_changed_is_made_of_old_and_new(hub, run_client, folder):
    upload(run_client, hub, folder, "alice/xet-parts")
    content = bytearray((folder / "random.safetensors").read_bytes())
    content[350_000:350_010] = b"0123456789"
    (folder / "random.safetensors").write_bytes(content)
    upload(run_client, hub, folder, "alice/xet-parts")
    assert hub.read("alice/xet-parts", "random.safetensors") == bytes(content)


def test_a_wiped_hub_gets_everything_again_from_a_warm_client(tmp_path, run_client, folder):
    for _ in range(2):
        with start_hub(tmp_path / "wiped") as hub:
            upload(run_client, hub, folder, "local/m")
            assert hub.read("local/m", "text.bin", user="local") == (folder / "text.bin").read_bytes()
        shutil.rmtree(tmp_path / "wiped")


def test_a_warm_client_sends_again_what_was_garbage(tmp_path, run_client, folder):
    with start_hub(tmp_path / "hub") as hub:
        upload(run_client, hub, folder, "local/m")
        hub.api("local").delete_repo("local/m")
        for path in (tmp_path / "hub" / "blobs").rglob("*"):
            if path.is_file():
                os.utime(path, (0, 0))
        assert collect_garbage(tmp_path / "hub") > 2_000_000
        upload(run_client, hub, folder, "local/again")
        assert hub.read("local/again", "text.bin", user="local") == (folder / "text.bin").read_bytes()
    assert verify(tmp_path / "hub") == []


def grant(hub, repo_id, user="alice"):
    answer = hub.request("GET", f"/api/models/{repo_id}/xet-write-token/main", user=user).json()
    return answer["casUrl"].removeprefix(hub.endpoint), answer["accessToken"]


def xorb(raw):
    return bytes([0]) + len(raw).to_bytes(3, "little") + bytes([0]) + len(raw).to_bytes(3, "little") + raw


def swap(text):
    """Return a hash's bytes from its hexadecimal form in Xet's word order."""
    return b"".join(bytes.fromhex(text)[start : start + 8][::-1] for start in range(0, 32, 8))


def shard(xorb_hash, raw, *, last=1, sha256=None):
    term = swap(xorb_hash) + bytes(4) + len(raw).to_bytes(4, "little") + bytes(4) + last.to_bytes(4, "little")
    head = bytes(48) + bytes(32) + (1 << 30).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(8)
    return head + term + swap(sha256 or hashlib.sha256(raw).hexdigest()) + bytes(16) + b"\xff" * 32 + bytes(16)


def repeat(xorb_hash, spans, sha256):
    """Return a shard of one file whose terms are `spans`: first chunk, last and length."""
    terms = [swap(xorb_hash) + struct.pack("<IIII", 0, length, first, last) for first, last, length in spans]
    head = bytes(48) + bytes(32) + struct.pack("<IIQ", 1 << 30, len(terms), 0)
    return head + b"".join(terms) + swap(sha256) + bytes(16) + b"\xff" * 32 + bytes(16)


def test_chunks_may_repeat_and_overlap_from_a_xorb_and_from_the_blobs_made_of_it(hub):
    """The second shard finds the xorb gone: its terms are cut from the first file."""
    cas, token = grant(hub, hub.repo())
    parts = [b"one", b"two", b"three"]
    body = b"".join(map(xorb, parts))
    hub.request("POST", f"{cas}/v1/xorbs/default/{'6' * 64}", token=token, body=body)
    for ranges in ([(0, 3), (1, 3), (0, 1), (0, 1)], [(1, 2), (0, 3), (2, 3)]):
        made = [b"".join(parts[first:last]) for first, last in ranges]
        spans = [(first, last, len(raw)) for (first, last), raw in zip(ranges, made, strict=True)]
        oid = hashlib.sha256(b"".join(made)).hexdigest()
        answer = hub.request("POST", f"{cas}/v1/shards", token=token, body=repeat("6" * 64, spans, oid))
        assert answer.json() == {"result": 1}
        assert (hub.root / "blobs" / oid[:2] / oid).read_bytes() == b"".join(made)
        assert not list((hub.root / "xorbs").rglob("6" * 64))


def test_a_shard_makes_a_file_of_a_xorb(hub):
    repo_id, raw = hub.repo(), os.urandom(50)
    cas, token = grant(hub, repo_id)
    assert hub.request("POST", f"{cas}/v1/xorbs/default/{'1' * 64}", token=token, body=xorb(raw)).json() == {
        "was_inserted": True
    }
    assert hub.request("POST", f"{cas}/v1/shards", token=token, body=shard("1" * 64, raw)).json() == {"result": 1}
    oid = hashlib.sha256(raw).hexdigest()
    lines = [{"key": "header", "value": {"summary": "x"}}, {"key": "lfsFile", "value": {"path": "w", "oid": oid}}]
    body = "\n".join(map(json.dumps, lines)).encode()
    assert hub.request("POST", f"/api/models/{repo_id}/commit/main", user="alice", body=body).status == 200
    assert hub.read(repo_id, "w") == raw


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"last": 2}, {"last": 0}, {"raw": b"longer than it is" * 9}])
def test_a_shard_that_lies_makes_nothing(hub, change):
    repo_id, raw = hub.repo(), os.urandom(50)
    cas, token = grant(hub, repo_id)
    hub.request("POST", f"{cas}/v1/xorbs/default/{'2' * 64}", token=token, body=xorb(raw))
    body = shard("2" * 64, change.pop("raw", raw), **change)
    assert hub.request("POST", f"{cas}/v1/shards", token=token, body=body).status == 400


def test_another_users_xorbs_cannot_be_named(hub):
    raw = b"only alice has these bytes"
    cas, token = grant(hub, hub.repo())
    hub.request("POST", f"{cas}/v1/xorbs/default/{'3' * 64}", token=token, body=xorb(raw))
    bobs_cas, bobs_token = grant(hub, hub.repo(user="bob"), user="bob")
    assert hub.request("POST", f"{bobs_cas}/v1/shards", token=bobs_token, body=shard("3" * 64, raw)).status == 400
    assert hub.request("POST", f"{cas}/v1/shards", token=bobs_token, body=shard("3" * 64, raw)).status == 403


@pytest.mark.parametrize("token", ["", "hf_x", "a.b"])
def test_without_a_token_of_its_own_xet_takes_nothing(hub, token):
    cas, _ = grant(hub, hub.repo())
    token = token or hub.tokens["alice"]
    assert hub.request("POST", f"{cas}/v1/xorbs/default/{'4' * 64}", token=token, body=xorb(b"x")).status == 401
    assert hub.request("POST", f"{cas}/v1/shards", token=token, body=b"x").status == 401


def test_a_xorb_over_the_limit_is_not_received(hub):
    cas, token = grant(hub, hub.repo())
    headers = {"Content-Length": str(200 * 2**20)}
    assert hub.request("POST", f"{cas}/v1/xorbs/default/{'5' * 64}", token=token, headers=headers).status == 413


@pytest.mark.parametrize("name", ["..%2f..%2fx", "z" * 64, "a"])
def test_a_xorb_of_an_impossible_name_is_refused(hub, name):
    cas, token = grant(hub, hub.repo())
    assert hub.request("POST", f"{cas}/v1/xorbs/default/{name}", token=token, body=xorb(b"x")).status == 400


def test_only_who_may_write_or_propose_gets_a_token(hub):
    repo_id = hub.repo()
    address = f"/api/models/{repo_id}/xet-write-token/main"
    assert hub.request("GET", address, user="bob").status == 403
    assert hub.request("GET", address, user="reader").status == 403
    assert hub.request("GET", address).status == 401
    assert hub.request("GET", f"{address}?create_pr=1", user="bob").status == 200
