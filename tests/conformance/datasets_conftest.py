"""Fixtures that datasets' tests/test_upstream_hub.py expects; the runner puts this file beside it as conftest.py."""

import time
import uuid
from contextlib import contextmanager, suppress

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from .fixtures.hub import CI_HUB_ENDPOINT, CI_HUB_USER, CI_HUB_USER_TOKEN


@pytest.fixture(scope="session")
def hf_api():
    return HfApi(endpoint=CI_HUB_ENDPOINT, token=CI_HUB_USER_TOKEN)


@pytest.fixture
def ci_hub_config():
    """Nothing to do: the runner sets HF_ENDPOINT before anything is imported."""


@pytest.fixture
def set_ci_hub_access_token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", CI_HUB_USER_TOKEN)


@pytest.fixture(scope="session")
def cleanup_repo(hf_api):
    def clean_up(repo_id):
        with suppress(RepositoryNotFoundError):
            hf_api.delete_repo(repo_id, repo_type="dataset")

    return clean_up


@pytest.fixture
def temporary_repo(cleanup_repo):
    @contextmanager
    def new_repo(repo_id=None):
        repo_id = repo_id or f"{CI_HUB_USER}/test-{uuid.uuid4().hex[:6]}-{int(time.time() * 10e3)}"
        try:
            yield repo_id
        finally:
            cleanup_repo(repo_id)

    return new_repo


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("one\ntwo\nthree\n")
    return path


@pytest.fixture(scope="session")
def hf_private_dataset_repo_txt_data(hf_api, cleanup_repo):
    yield from _dataset_of_text(hf_api, cleanup_repo, private=True)


@pytest.fixture(scope="session")
def hf_gated_dataset_repo_txt_data(hf_api, cleanup_repo):
    for repo_id in _dataset_of_text(hf_api, cleanup_repo, private=False):
        hf_api.update_repo_settings(repo_id, repo_type="dataset", gated="auto")
        yield repo_id


def _dataset_of_text(hf_api, cleanup_repo, *, private):
    repo_id = f"{CI_HUB_USER}/text-{uuid.uuid4().hex[:6]}"
    hf_api.create_repo(repo_id, repo_type="dataset", private=private)
    hf_api.upload_file(path_or_fileobj=b"one\ntwo\n", path_in_repo="data/a.txt", repo_id=repo_id, repo_type="dataset")
    yield repo_id
    cleanup_repo(repo_id)
