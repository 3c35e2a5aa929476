"""What `factory demo` runs, and what it does not."""

import os

import pytest

from factory.errors import HubError
from factory.hub.demo import find_app, run_app, run_demo


@pytest.fixture
def on_shared(shared, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", shared.endpoint)
    monkeypatch.setenv("HF_TOKEN", shared.token)
    return shared


def test_a_space_that_is_not_of_a_release_is_not_run(on_shared):
    on_shared.api.create_repo("local/other", repo_type="space", space_sdk="gradio")
    with pytest.raises(HubError, match=r"^demo\.json of local/other on 127\.0\.0\.1:\d+ does not exist"):
        run_demo("local/other")


def test_a_space_that_is_not_there_is_named(on_shared):
    with pytest.raises(HubError, match=r"^there is no Space local/nothing on .*; name a recipe, or the Space of one"):
        run_demo("local/nothing")


def test_an_app_that_ends_by_itself_is_one_sentence(tmp_path, capfd):
    (tmp_path / "demo.json").write_text("not JSON")
    with pytest.raises(HubError, match=r"the app ended by itself \(code 1\); if port 1 is taken"):
        run_app(tmp_path / "demo.json", 1, dict(os.environ))
    assert "JSONDecodeError" in capfd.readouterr().err


def test_the_app_is_found_beside_the_package():
    assert find_app().with_name("requirements.txt").is_file()
