"""What each way of failing leads to: another attempt, a text without an answer, or the end of the run."""

from __future__ import annotations

import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from factory.errors import BudgetError, TeacherError
from factory.recipe import Budget, Generate
from factory.teacher.ledger import summarise
from tests.scripted_teacher import (
    Drop,
    Hang,
    ScriptedTeacher,
    Status,
    in_turn,
    labels_by,
    slowly,
)
from tests.teacher.spending import spend_at_random

HAM = {"label": "ham"}


def test_a_bad_key_costs_one_call_whatever_the_concurrency(open_teacher, task):
    with ScriptedTeacher(in_turn(Status(401))) as server, pytest.raises(TeacherError, match="does not accept the key"):
        open_teacher(server, concurrency=16).label([f"text {n}" for n in range(40)], task)
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed(open_teacher, task, monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(in_turn(HAM)) as elsewhere:
        away = Status(307, headers={"Location": elsewhere.base_url + "/chat/completions"})
        with ScriptedTeacher(in_turn(away)) as server, pytest.raises(TeacherError, match="redirects to"):
            open_teacher(server).label(["hi"], task)
    assert elsewhere.asked == []


def test_a_key_that_is_missing_is_told_before_the_first_call(open_teacher, task, ledger):
    with pytest.raises(TeacherError, match="needs a key; set FACTORY_TEACHER_API_KEY"):
        open_teacher(None, base_url="https://teacher.invalid/v1").label(["hi"], task)
    assert summarise(ledger)["calls"] == 0


def test_the_key_goes_out_as_a_bearer_and_is_not_written_down_when_it_comes_back(
    open_teacher, task, ledger, monkeypatch
):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(lambda asked: f"ham {asked.headers['authorization']}") as server:
        open_teacher(server).label(["hi"], task)
    assert server.asked[0].headers["authorization"] == "Bearer sk-secret"
    assert b"sk-secret" not in ledger.read_bytes()


def test_no_key_means_no_header(open_teacher, task):
    with ScriptedTeacher(in_turn(HAM)) as server:
        open_teacher(server).label(["hi"], task)
    assert "authorization" not in server.asked[0].headers


def test_a_wait_that_the_server_asks_for_is_kept(open_teacher, task):
    with ScriptedTeacher(in_turn(Status(429, retry_after="1"), HAM)) as server:
        open_teacher(server).label(["hi"], task)
    assert server.asked[1].seconds - server.asked[0].seconds >= 1.0


def test_a_rate_limit_costs_no_text_while_the_server_answers_others(open_teacher, task):
    lock, seen = threading.Lock(), {}

    def answer(asked):
        with lock:
            seen[asked.text] = seen.get(asked.text, 0) + 1
        return Status(429) if asked.text == "unlucky" and seen["unlucky"] < 6 else HAM

    texts = ["first", "unlucky", *(f"text {n}" for n in range(60))]
    with ScriptedTeacher(slowly(0.01, answer)) as server:
        answers = open_teacher(server, concurrency=4, max_attempts=3).label(texts, task)
    assert {answer.label for answer in answers} == {"ham"}
    assert seen["unlucky"] == 6


@pytest.mark.parametrize("reaction", [Status(500), Drop(), Hang()], ids=str)
def test_a_server_that_never_answers_the_first_text_ends_the_run(open_teacher, task, reaction):
    with ScriptedTeacher(in_turn(reaction)) as server, pytest.raises(TeacherError, match="gives no usable answers"):
        open_teacher(server, max_attempts=2, timeout_seconds=0.2).label(["a", "b", "c"], task)
    assert server.texts == ["a", "a"]


def test_a_server_that_rejects_every_request_is_given_three(open_teacher, task):
    with (
        ScriptedTeacher(in_turn(Status(400, message="unknown parameter: temperature"))) as server,
        pytest.raises(TeacherError, match="unknown parameter: temperature"),
    ):
        open_teacher(server).label([f"text {n}" for n in range(9)], task)
    assert len(server.asked) == 3


def test_a_server_that_fails_three_texts_in_a_row_ends_the_run(open_teacher, task):
    with (
        ScriptedTeacher(in_turn(HAM, Status(500))) as server,
        pytest.raises(TeacherError, match=r"no usable answers .*run again when it is well"),
    ):
        open_teacher(server, max_attempts=2, concurrency=1).label([f"text {n}" for n in range(9)], task)
    assert len(server.asked) == 1 + 3 * 2


def test_a_run_that_is_bound_to_leave_most_of_fifty_texts_unanswered_stops_with_a_count(open_teacher, task):
    bad = Status(400, message="maximum context length is 4096 tokens")
    with (
        ScriptedTeacher(lambda asked: HAM if asked.number % 3 == 0 else bad) as server,
        pytest.raises(TeacherError, match=r"left 26 of the last 39 texts unanswered \(26 x too long\); correct the"),
    ):
        open_teacher(server, concurrency=1).label([f"text {n}" for n in range(90)], task)
    assert len(server.asked) == 39


def test_a_run_that_leaves_half_of_its_texts_unanswered_goes_on(open_teacher, task):
    with ScriptedTeacher(lambda asked: HAM if asked.number % 2 == 0 else Status(413)) as server:
        answers = open_teacher(server, concurrency=1).label([f"text {n}" for n in range(90)], task)
    assert sum(answer.label is None for answer in answers) == 45


def test_an_outage_of_fifteen_scales_of_the_backoff_costs_no_text(open_teacher, task):
    well = threading.Event()

    def answer(asked):
        if asked.number == 1:
            threading.Timer(0.15, well.set).start()  # backoff_seconds is 0.01 here
        return HAM if asked.number == 0 or well.is_set() else Status(500 + asked.number % 4)

    with ScriptedTeacher(answer) as server:
        answers = open_teacher(server, max_attempts=6).label([f"text {n}" for n in range(20)], task)
    assert {answer.label for answer in answers} == {"ham"}


def test_the_same_question_from_two_threads_is_sent_once(open_teacher, task):
    texts = [f"text {n}" for n in range(12)]
    with ScriptedTeacher(slowly(0.03, labels_by(lambda _: "ham"))) as server, ThreadPoolExecutor(2) as pool:
        teachers = [open_teacher(server, recipe=name) for name in ("one", "two")]
        found = list(pool.map(lambda teacher: teacher.label(texts, task), teachers))
    assert found[0] == found[1]
    assert sorted(server.texts) == sorted(texts)
    assert sum(teacher.usage.cached for teacher in teachers) == 12


def test_a_text_that_alone_is_refused_for_ever_is_given_up(open_teacher, task):
    with ScriptedTeacher(lambda asked: Status(429) if asked.text == "unlucky" else HAM) as server:
        answers = open_teacher(server, max_attempts=3).label(["first", "unlucky", "third"], task)
    assert [answer.reason for answer in answers] == [None, "rate limit (HTTP 429)", None]


def test_a_server_that_is_not_there_is_named(open_teacher, task, ledger):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(
            TeacherError, match=f"^{base_url} cannot be reached .*start it or correct `teacher.base_url`"
        ):
            open_teacher(None, base_url=base_url).label(["hi"], task)
    assert summarise(ledger)["calls"] == 0


def test_a_server_that_goes_away_for_a_while_is_waited_for(open_teacher, task):
    texts, answer = [f"text {n}" for n in range(30)], slowly(0.02, labels_by(lambda _: "ham"))
    first = ScriptedTeacher(answer)
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(open_teacher(first, concurrency=2).label, texts, task)
        while len(first.asked) < 6:
            time.sleep(0.01)
        first.close()
        time.sleep(0.3)
        with ScriptedTeacher(answer, port=int(first.base_url.split(":")[2].split("/")[0])) as second:
            assert {answer.label for answer in answers.result()} == {"ham"}
    assert len(second.asked) >= 30 - len(first.asked)


@pytest.mark.parametrize("code", [400, 422, 500])
def test_a_server_that_refuses_schemas_is_asked_without_once_that_is_known(open_teacher, task, ledger, code):
    def answer(asked):
        return Status(code, message="`response_format` is not supported") if asked.is_structured else "Ham."

    texts = [f"text {n}" for n in range(5)]
    with ScriptedTeacher(answer) as server:
        assert {answer.label for answer in open_teacher(server).label(texts, task)} == {"ham"}
        assert [asked.is_structured for asked in server.asked] == [True] * 2 + [False] * 5
        assert {answer.label for answer in open_teacher(server).label(texts, task)} == {"ham"}
    assert len(server.asked) == 7
    assert summarise(ledger)["calls"] == 7


def test_a_server_that_knows_the_older_form_of_a_schema_gets_it(open_teacher, task):
    def answer(asked):
        is_old = asked.body["response_format"]["type"] == "json_object"
        return HAM if is_old else Status(500, message="response_format: should be 'text' or 'json_object'")

    with ScriptedTeacher(answer) as server:
        assert open_teacher(server).label(["hi"], task)[0].label == "ham"
    assert server.asked[1].body["response_format"]["schema"]["properties"]["label"]["enum"] == ["ham", "spam"]


def test_a_server_that_refuses_a_seed_is_asked_without(open_teacher, task):
    def answer(asked):
        return Status(422, message="Unrecognized: seed") if "seed" in asked.body else {"texts": ["one"]}

    with ScriptedTeacher(answer) as server:
        assert open_teacher(server).write(task, Generate(rows=2))[0].text == "one"


def test_no_more_calls_are_in_flight_than_allowed_and_the_first_is_alone(open_teacher, task):
    together = threading.Barrier(5)

    def answer(asked):
        if asked.number:
            together.wait(30)  # for four others
        else:
            time.sleep(0.05)
        return HAM

    with ScriptedTeacher(answer) as server:
        open_teacher(server, concurrency=5).label([f"text {n}" for n in range(1 + 5 * 4)], task)
    assert server.most_at_once == 5
    assert server.asked[1].seconds - server.asked[0].seconds >= 0.05


@pytest.mark.parametrize("unit", ["calls", "tokens", "dollars"])
def test_a_budget_is_never_exceeded_and_a_larger_one_pays_only_the_rest(open_teacher, task, ledger, unit):
    caps = {"calls": 5, "tokens": 2000, "dollars": 0.002}
    texts = [f"text {n}" for n in range(40)]
    with ScriptedTeacher(slowly(0.005, labels_by(lambda _: "ham"))) as server:
        with pytest.raises(BudgetError, match=f"raise `budget.{unit}` to about"):
            open_teacher(server, budget=Budget(**{unit: caps[unit]})).label(texts, task)
        first = len(server.asked)
        summary = summarise(ledger) | {
            "tokens": summarise(ledger)["input_tokens"] + summarise(ledger)["output_tokens"]
        }
        assert 0 < summary[unit] <= caps[unit]
        assert {answer.label for answer in open_teacher(server).label(texts, task)} == {"ham"}
    assert first < 40
    assert len(server.asked) == 40


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_server_does_the_budget_holds(ledger, seed):
    spend_at_random(ledger, random.Random(seed))
