"""Which Hub a command talks to."""

from pathlib import Path

import pytest

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.target import Target, factory_home, find_token, open_target


def test_without_endpoint_and_token_it_is_the_embedded_hub_which_starts_when_it_is_asked(home):
    with open_target() as target:
        assert target.is_embedded
        assert target.name == "an embedded Hub"
        assert target.place == str(home / "hub")
        assert not home.exists()
        assert target.user == "local"
        assert target.endpoint.startswith("http://127.0.0.1:")
        assert target.account["name"] == "local"
    assert (home / "hub").is_dir()


@pytest.mark.parametrize(
    ("variables", "endpoint", "name"),
    [
        ({"HF_TOKEN": "hf_x"}, "https://huggingface.co", "huggingface.co"),
        ({"HF_ENDPOINT": "https://hub.example.org/"}, "https://hub.example.org", "hub.example.org"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": " hf_x\n"}, "http://127.0.0.1:9", "127.0.0.1:9"),
    ],
)
def test_an_endpoint_or_a_token_choose_a_hub(monkeypatch, variables, endpoint, name):
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with open_target() as target:
        assert (target.endpoint, target.name, target.is_embedded) == (endpoint, name, False)
        assert target.token == ("hf_x" if "HF_TOKEN" in variables else None)


def test_an_empty_token_is_no_token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", " ")
    assert find_token() is None


def test_the_home_is_that_of_the_variable_or_of_the_platform(monkeypatch):
    monkeypatch.setenv("FACTORY_HOME", "state")
    assert factory_home() == Path.cwd() / "state"
    monkeypatch.delenv("FACTORY_HOME")
    assert factory_home().name == "factory"


def test_a_child_gets_this_hub_and_none_of_the_settings_that_would_shut_it_out(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    given = Target.at(Access("https://hub.example.org", "hf_x")).environment()
    assert (given["HF_ENDPOINT"], given["HF_TOKEN"]) == ("https://hub.example.org", "hf_x")
    assert "HF_HUB_OFFLINE" not in given
    assert "HF_HUB_DISABLE_IMPLICIT_TOKEN" not in given
    monkeypatch.setenv("HF_TOKEN", "hf_of_another_hub")
    assert "HF_TOKEN" not in Target.at(Access("https://hub.example.org")).environment()


def test_no_token_and_a_wrong_token_are_told_apart(shared):
    with pytest.raises(HubError, match=r"there is no token for 127\.0\.0\.1:\d+; set HF_TOKEN"):
        _ = Target.at(Access(shared.endpoint)).user
    with pytest.raises(HubError, match=r"127\.0\.0\.1:\d+ does not accept the token; create one"):
        _ = Target.at(Access(shared.endpoint, "hf_wrong")).user


def test_a_target_does_not_show_its_token(shared):
    assert shared.token
    assert shared.token not in repr(shared)
