from __future__ import annotations

import pytest

from factory.errors import TeacherError
from factory.recipe import ROUTER, HttpTeacher
from factory.teacher.keys import find_key, is_loopback

LOCAL = "http://127.0.0.1:8000/v1"
OTHER = "https://api.example.com/v1"


def key_for(base_url, **settings):
    return find_key(HttpTeacher(model="m", base_url=base_url, **settings))


@pytest.mark.parametrize("base_url", [LOCAL, "http://localhost/v1", "http://[::1]:8000/v1", "http://127.8.9.1/v1"])
def test_a_server_on_this_machine_does_without_a_key(base_url):
    assert is_loopback(base_url)
    assert key_for(base_url) is None


@pytest.mark.parametrize("base_url", ["https://localhost.example.com/v1", "http://10.0.0.1/v1", "http://128.0.0.1/v1"])
def test_a_server_elsewhere_needs_a_key_before_the_first_call(base_url):
    with pytest.raises(TeacherError, match=r"needs a key; set FACTORY_TEACHER_API_KEY$"):
        key_for(base_url)


def test_the_router_may_have_either_key_and_its_own_comes_first(monkeypatch):
    with pytest.raises(TeacherError, match=r"set FACTORY_TEACHER_API_KEY or HF_TOKEN$"):
        key_for(ROUTER)
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert (key_for(ROUTER).secret, key_for(ROUTER).name) == ("hf_x", "HF_TOKEN")
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", " own\n")
    assert (key_for(ROUTER).secret, key_for(ROUTER).name) == ("own", "FACTORY_TEACHER_API_KEY")


@pytest.mark.parametrize("base_url", [OTHER, "https://huggingface.co.example.com/v1", "https://nothuggingface.co/v1"])
def test_the_token_of_the_hub_is_not_shown_to_others(monkeypatch, base_url):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    with pytest.raises(TeacherError):
        key_for(base_url)


def test_a_variable_named_in_the_recipe_is_the_only_one_asked(monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "other")
    with pytest.raises(TeacherError, match=r"set MY_KEY$"):
        key_for(OTHER, api_key_env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "mine")
    assert key_for(OTHER, api_key_env="MY_KEY").secret == "mine"


def test_a_key_is_in_no_repr(monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    assert "sk-secret" not in repr(key_for(OTHER))
