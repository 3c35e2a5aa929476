"""Fixtures that huggingface_hub's tests expect; the runner puts this file beside them as conftest.py."""

import time
import uuid

import pytest
from huggingface_hub import HfApi, constants

from .testing_constants import ENDPOINT_STAGING, TOKEN


class RepoFactory:
    """Creates repositories that are deleted when the test ends."""

    def __init__(self):
        self._created = []

    def __call__(self, repo_type="model", *, repo_id=None, token=None, **settings):
        api = HfApi(endpoint=ENDPOINT_STAGING, token=token or TOKEN)
        if repo_type == "space":
            settings.setdefault("space_sdk", "static")
        url = api.create_repo(repo_id or _unique_name(), repo_type=repo_type, **settings)
        self._created.append((api, url.repo_id, url.repo_type))
        return url

    def delete_all(self):
        for api, repo_id, repo_type in self._created:
            api.delete_repo(repo_id, repo_type=repo_type, missing_ok=True)


@pytest.fixture(scope="session")
def api():
    return HfApi(endpoint=ENDPOINT_STAGING, token=TOKEN)


@pytest.fixture(scope="class")
def repo_factory():
    factory = RepoFactory()
    yield factory
    factory.delete_all()


@pytest.fixture
def new_repo_id(api):
    repo_id = f"{api.whoami()['name']}/{_unique_name()}"
    yield repo_id
    api.delete_repo(repo_id, missing_ok=True)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Each test starts with an empty cache and no token but the one it passes."""
    cache = tmp_path_factory.mktemp("hub-cache")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(cache / "stored_tokens"))


def _unique_name():
    return f"repo-{uuid.uuid4().hex[:6]}-{int(time.time() * 10e3)}"
