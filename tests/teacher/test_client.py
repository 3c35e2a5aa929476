from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
import time

import pytest

from factory.data.examples import Example
from factory.errors import BudgetError, StoreError, TeacherError
from factory.recipe import Budget, Generate, HttpTeacher
from factory.teacher.client import ChatTeacher
from factory.teacher.ledger import summarise
from factory.teacher.prompts import LabelPrompt
from factory.teacher.requests import find_endpoint, key_of, label_request
from tests.scripted_teacher import Message, ScriptedTeacher, Status, in_turn, labels_by

LABELS = labels_by(lambda text: "spam" if "win" in text else "ham")
TEXTS = ["win it", "hello", "you win", "see you"]


def test_answers_come_in_the_order_of_the_texts_whatever_the_latency(open_teacher, task):
    def answer(asked):
        time.sleep(0.03 if "text 1" in (asked.text or "") else 0)
        return {"label": "spam" if asked.text.endswith(("1", "3")) else "ham"}

    with ScriptedTeacher(answer) as server:
        answers = open_teacher(server).label([f"text {n}" for n in range(20)], task)
    assert [answer.label for answer in answers] == ["spam" if n % 10 in (1, 3) else "ham" for n in range(20)]


def test_an_answer_is_never_paid_for_twice(open_teacher, task, ledger):
    with ScriptedTeacher(LABELS) as server:
        first = open_teacher(server)
        second = open_teacher(server)
        assert first.label(TEXTS, task) == second.label(TEXTS[::-1], task)[::-1]
    assert (first.usage.calls, first.usage.cached) == (4, 0)
    assert (second.usage.calls, second.usage.cached) == (0, 4)
    assert len(server.asked) == 4
    sums = {"calls": 4, "retries": 0, "input_tokens": 160, "output_tokens": 20, "dollars": 0.0002}
    told = summarise(ledger, "sms")
    assert {name: told[name] for name in sums} == sums
    assert (told["cached"], set(told["by_model"])) == (4, {"scripted"})


def test_what_is_in_the_ledger_needs_no_server_and_no_key(open_teacher, task):
    with ScriptedTeacher(LABELS) as server:
        answers = open_teacher(server).label(TEXTS, task)
    assert open_teacher(server).label(TEXTS, task) == answers


def test_without_its_client_a_server_cannot_be_asked_and_what_is_in_the_ledger_still_can(
    open_teacher, task, monkeypatch
):
    with ScriptedTeacher(LABELS) as server:
        answers = open_teacher(server).label(TEXTS, task)
        monkeypatch.delitem(sys.modules, "factory.teacher.http")
        monkeypatch.setitem(sys.modules, "aiohttp", None)
        assert open_teacher(server).label(TEXTS, task) == answers
        needs = r"^asking a server needs aiohttp; pip install 'hf-factory\[build\]'$"
        with pytest.raises(TeacherError, match=needs):
            open_teacher(server).label(["a new one"], task)
    assert len(server.asked) == len(TEXTS)


def test_a_text_that_comes_twice_is_asked_about_once(open_teacher, task):
    with ScriptedTeacher(LABELS) as server:
        answers = open_teacher(server).label(["win", "hello", "win", "win"], task)
    assert [answer.label for answer in answers] == ["spam", "ham", "spam", "spam"]
    assert sorted(server.texts) == ["hello", "win"]


def test_no_texts_are_no_calls(open_teacher, task):
    assert open_teacher(None, base_url="http://127.0.0.1:9/v1").label([], task) == []


@pytest.mark.parametrize(
    "change", [{"model": "other"}, {"temperature": 0.5}, {"max_tokens": 99}], ids=lambda change: next(iter(change))
)
def test_what_shapes_an_answer_makes_another_question_and_another_identity(open_teacher, task, change):
    with ScriptedTeacher(LABELS) as server:
        first, second = open_teacher(server), open_teacher(server, **change)
        first.label(["hi"], task)
        second.label(["hi"], task)
    assert len(server.asked) == 2
    assert first.identity != second.identity


@pytest.mark.parametrize("change", [{"concurrency": 1}, {"timeout_seconds": 5}, {"max_attempts": 1}, {"price": None}])
def test_what_does_not_shape_an_answer_asks_nothing_again(open_teacher, task, change):
    with ScriptedTeacher(LABELS) as server:
        first, second = open_teacher(server), open_teacher(server, **change)
        first.label(["hi"], task)
        second.label(["hi"], task)
    assert len(server.asked) == 1
    assert first.identity == second.identity


def test_a_meaning_that_is_changed_asks_again(open_teacher, task):
    other = task.model_copy(update={"labels": {**task.labels, "ham": "anything else"}})
    with ScriptedTeacher(LABELS) as server:
        open_teacher(server).label(["hi"], task)
        open_teacher(server).label(["hi"], other)
    assert len(server.asked) == 2


def test_the_endpoint_has_no_credentials_in_it():
    assert find_endpoint(HttpTeacher(model="m", base_url="https://me:pass@Host.example/v1/")) == "host.example/v1"


def test_a_server_that_answers_as_another_model_is_reported(open_teacher, task, ledger, caplog):
    caplog.set_level(logging.WARNING, "factory")
    with ScriptedTeacher(in_turn(Message('{"label": "ham"}', model="smaller"))) as server:
        teacher = open_teacher(server)
        teacher.label(TEXTS, task)
    assert teacher.usage.models == {"smaller": 4}
    assert caplog.messages == ["scripted was asked for, and the answers come from smaller"]
    assert set(summarise(ledger)["by_model"]) == {"smaller"}


def test_usage_that_is_not_told_is_charged_at_the_bound_and_marked(open_teacher, task, ledger):
    with ScriptedTeacher(in_turn(Message('{"label": "ham"}', usage=None))) as server:
        open_teacher(server, max_tokens=50).label(["hi"], task)
    ((tokens, estimated),) = sqlite3.connect(ledger).execute("SELECT output_tokens, estimated FROM calls")
    assert (tokens, estimated) == (50, 1)


def test_a_label_can_be_asked_for_where_a_loop_is_running(open_teacher, task):
    async def notebook():
        return open_teacher(server).label(["win"], task)

    with ScriptedTeacher(LABELS) as server:
        assert asyncio.run(notebook())[0].label == "spam"


def test_a_budget_in_dollars_without_a_price_is_refused_before_the_first_call(open_teacher, task):
    with ScriptedTeacher(LABELS) as server, pytest.raises(BudgetError, match=r"needs a price"):
        open_teacher(server, price=None, budget=Budget(dollars=1)).label(["hi"], task)
    assert server.asked == []


def test_a_ledger_that_cannot_be_written_is_told_before_the_first_call(task, tmp_path):
    (tmp_path / "file").write_text("x")
    with ScriptedTeacher(LABELS) as server:
        settings = HttpTeacher(model="m", base_url=server.base_url)
        teacher = ChatTeacher(settings, recipe="r", budget=Budget(), ledger=tmp_path / "file" / "teacher.sqlite")
        with pytest.raises(StoreError, match="FACTORY_HOME"):
            teacher.label(["hi"], task)
    assert server.asked == []


def test_the_request_is_the_plain_one_of_the_protocol(open_teacher, task):
    with ScriptedTeacher(LABELS) as server:
        open_teacher(server).label(["hi"], task)
        open_teacher(server).write(task, Generate(rows=1))
    label, write = (asked.body for asked in server.asked)
    assert server.asked[0].path == "/v1/chat/completions"
    assert set(label) == {"model", "messages", "temperature", "max_tokens", "response_format"}
    assert (label["model"], label["temperature"], label["max_tokens"]) == ("scripted", 0.0, 256)
    assert set(write) == {*label, "seed"}
    assert write["temperature"] == 1.0


def test_texts_are_written_for_every_label_and_the_same_again_for_nothing(open_teacher, task):
    generate = Generate(
        rows=23, rows_per_call=3, attributes={"tone": ["warm", "curt"], "topic": ["work", "home", "money"]}
    )
    with ScriptedTeacher(LABELS) as server:
        examples = open_teacher(server).write(task, generate)
        calls = len(server.asked)
        assert open_teacher(server, concurrency=1).write(task, generate) == examples
    assert len(server.asked) == calls == 8
    assert [example.asked_for for example in examples].count("ham") == 12
    assert len({example.text for example in examples}) == 23
    assert all(example.label is None and set(example.attributes) == {"tone", "topic"} for example in examples)


def test_calls_of_one_label_are_shown_what_earlier_ones_brought(open_teacher, task):
    with ScriptedTeacher(LABELS) as server:
        open_teacher(server).write(task, Generate(rows=40, rows_per_call=4))
    shown = [len(asked.data.get("already_written", [])) for asked in server.asked]
    assert sorted(shown) == [0] * 8 + [16] * 2


def test_a_call_that_brings_no_text_is_reported_and_the_others_are_kept(open_teacher, task, caplog):
    caplog.set_level(logging.WARNING, "factory")
    with ScriptedTeacher(lambda asked: "no list" if asked.data["label"] == "spam" else LABELS(asked)) as server:
        examples = open_teacher(server).write(task, Generate(rows=10, rows_per_call=5))
    assert {example.asked_for for example in examples} == {"ham"}
    assert caplog.messages == ["scripted: 1 of 2 calls brought no text: {'no list of texts': 1}"]


def test_a_teacher_that_writes_nothing_at_all_is_an_error(open_teacher, task):
    with ScriptedTeacher(in_turn("no list")) as server, pytest.raises(TeacherError, match="wrote no usable text"):
        open_teacher(server).write(task, Generate(rows=10))


def test_writing_that_is_stopped_goes_on_from_there(open_teacher, task):
    generate = Generate(rows=30, rows_per_call=3)
    with ScriptedTeacher(lambda asked: LABELS(asked) if asked.number < 5 else Status(402)) as server:
        with pytest.raises(TeacherError, match="wants to be paid"):
            open_teacher(server, concurrency=1).write(task, generate)
        server.answer = LABELS
        assert len(open_teacher(server).write(task, generate)) == 30
    assert len(server.asked) == 5 + 1 + 5


def test_all_labels_that_apply_are_asked_for_and_an_answer_with_an_unknown_one_is_none(open_teacher, several):
    said = {"win it": ["spam", "ham", "spam"], "hello": [], "you win": ["spam", "eggs"], "see you": None}
    with ScriptedTeacher(lambda asked: {"labels": said[asked.text]}) as server:
        answers = open_teacher(server).label(TEXTS, several)
        assert open_teacher(server).label(TEXTS, several) == answers
    assert [(answer.labels, answer.reason) for answer in answers] == [
        (("ham", "spam"), None),
        ((), None),
        (None, "unknown label"),
        (None, "empty answer"),
    ]
    assert len(server.asked) == 4


def test_the_same_text_of_another_kind_of_task_is_another_question(open_teacher, task, several):
    with ScriptedTeacher(lambda asked: {"label": "ham"}) as server:
        assert open_teacher(server).label(["hi"], task)[0].label == "ham"
        assert open_teacher(server).label(["hi"], several)[0].labels == ("ham",)
    assert len(server.asked) == 2


def test_a_pair_is_asked_about_with_both_texts_and_remembered_by_both(open_teacher, pair, ledger):
    pairs = [("It rained.", "It was dry."), ("It rained.", "It was wet."), ("It rained.", "It was dry.")]
    with ScriptedTeacher(
        lambda asked: {"label": "supports" if "wet" in asked.data["text_pair"] else "denies"}
    ) as server:
        answers = open_teacher(server).label(pairs, pair)
        assert open_teacher(server).label(pairs[::-1], pair) == answers[::-1]
    assert [answer.label for answer in answers] == ["denies", "supports", "denies"]
    assert [asked.data for asked in server.asked] == [
        {"text": "It rained.", "text_pair": second} for second in ("It was dry.", "It was wet.")
    ]
    subjects = sqlite3.connect(ledger).execute("SELECT subject FROM calls").fetchall()
    assert {subject for (subject,) in subjects} == {
        Example("It rained.", text_pair=second).id for second in ("It was dry.", "It was wet.")
    }


def test_a_question_with_one_label_has_the_key_it_always_had(task):
    """Of answers that were paid for before there were other kinds of tasks."""
    settings = HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1")
    key = key_of(settings, label_request(settings, LabelPrompt(task), "hi"))
    assert key == "2f7a7b786eea6c5093a29a88ea52a64e1221b5d81806e5493b3bf95727e78f80"
