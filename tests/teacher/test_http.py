from __future__ import annotations

import base64

from tests.scripted_teacher import ScriptedTeacher, in_turn

HAM = {"label": "ham"}


def test_a_proxy_that_the_environment_names_is_used_but_not_for_this_machine(open_teacher, task, monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(in_turn(HAM)) as proxy, ScriptedTeacher(in_turn(HAM)) as here:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        open_teacher(None, base_url="http://teacher.invalid/v1").label(["far"], task)
        open_teacher(here).label(["near"], task)
    assert [asked.path for asked in proxy.asked] == ["http://teacher.invalid/v1/chat/completions"]
    assert here.texts == ["near"]


def test_a_host_that_needs_no_proxy_gets_none(open_teacher, task, monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(in_turn(HAM)) as server, ScriptedTeacher(in_turn(HAM)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url)
        monkeypatch.setenv("no_proxy", "0.0.0.0")
        open_teacher(server, base_url=server.base_url.replace("127.0.0.1", "0.0.0.0")).label(["hi"], task)
    assert (server.texts, proxy.asked) == (["hi"], [])


def test_a_name_and_a_password_in_the_address_take_the_place_of_the_key(open_teacher, task, monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(in_turn(HAM)) as server:
        open_teacher(server, base_url=server.base_url.replace("//", "//me:word@")).label(["hi"], task)
    assert server.asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:word").decode()
