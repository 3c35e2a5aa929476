import hashlib
import io
import os

import pytest

from factory.localhub.xorbs import decode_chunk, read_chunks

SIZE = 40_000_001  # two parts, and a last chunk that is not full


@pytest.fixture(scope="module")
def large(hub):
    repo_id, content = hub.repo(), os.urandom(2**20) * 38 + b"\x01" * (SIZE - 38 * 2**20)
    hub.api().upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo_id)
    return repo_id, content


def grant(hub, repo_id, user="alice"):
    answer = hub.request("GET", f"/api/models/{repo_id}/xet-read-token/main", user=user).json()
    return answer["casUrl"].removeprefix(hub.endpoint), answer["accessToken"]


def describe(hub, repo_id, content, **headers):
    cas, token = grant(hub, repo_id)
    address = f"{cas}/v1/reconstructions/{hashlib.sha256(content).hexdigest()}"
    return hub.request("GET", address, token=token, headers=headers)


def fetch(hub, description):
    """Put a file together from its description as the protocol says."""
    found = b""
    for term in description["terms"]:
        (info,) = description["fetch_info"][term["hash"]]
        part = hub.request("GET", info["url"].removeprefix(hub.endpoint))
        assert part.status == 206
        assert len(part.body) == info["url_range"]["end"] - info["url_range"]["start"] + 1
        file = io.BytesIO(part.body)
        raw = b"".join(decode_chunk(file, chunk) for chunk in read_chunks(file))
        assert len(raw) == term["unpacked_length"]
        found += raw
    return found


def test_a_file_is_put_together_from_its_parts(hub, large):
    repo_id, content = large
    description = describe(hub, repo_id, content).json()
    assert len(description["terms"]) == 2
    assert fetch(hub, description) == content


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 0), (100, 200_000), (33_554_431, 33_554_432), (33_554_432, 2 * 10**9), (SIZE - 1, SIZE - 1)],
)
def test_a_range_is_made_of_the_chunks_around_it(hub, large, first, last):
    repo_id, content = large
    description = describe(hub, repo_id, content, Range=f"bytes={first}-{last}").json()
    found = fetch(hub, description)
    offset = description["offset_into_first_range"]
    wanted = content[first : last + 1]
    assert found[offset : offset + len(wanted)] == wanted
    assert len(found) <= len(wanted) + 2 * 128 * 1024


@pytest.mark.parametrize(
    ("asked", "status"), [(f"bytes={SIZE}-", 400), (f"bytes={SIZE}-{SIZE}", 416), ("bytes=5-1", 400)]
)
def test_a_range_that_is_none(hub, large, asked, status):
    repo_id, content = large
    assert describe(hub, repo_id, content, Range=asked).status == status


def test_the_client_downloads_by_xet(hub, large, run_client):
    repo_id, content = large
    code = f"""
import hashlib
from pathlib import Path
from huggingface_hub import file_download, snapshot_download
fetch, calls = file_download.xet_get, []
file_download.xet_get = lambda **arguments: (calls.append(1), fetch(**arguments))
path = Path(snapshot_download({repo_id!r}), "w.bin")
print(hashlib.sha256(path.read_bytes()).hexdigest(), len(calls))
"""
    assert run_client(hub, code).split() == [hashlib.sha256(content).hexdigest(), "1"]


def test_a_token_opens_the_files_of_its_repository_alone(hub, large):
    _, content = large
    other = hub.repo(user="bob")
    cas, token = grant(hub, other, user="bob")
    address = f"{cas}/v1/reconstructions/{hashlib.sha256(content).hexdigest()}"
    assert hub.request("GET", address, token=token).status == 404
    assert hub.request("GET", address, token=hub.tokens["alice"]).status == 401
    assert hub.request("GET", address).status == 401


def test_a_gated_repository_gives_no_token(hub):
    repo_id = hub.repo()
    hub.api().update_repo_settings(repo_id, gated="manual")
    assert hub.request("GET", f"/api/models/{repo_id}/xet-read-token/main", user="bob").status == 403


def test_the_address_of_a_part_cannot_be_forged(hub):
    assert hub.request("GET", "/xet/parts/a.b").status == 401
