"""What each way of failing leads to: another attempt, a text without an answer, or the end of the run."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BudgetError, TeacherError
from factory.recipe import Budget, Generate, HttpTeacher, Price, Task
from factory.teacher.client import ChatTeacher
from factory.teacher.ledger import summarise
from tests.scripted_teacher import (
    Dribble,
    Drop,
    Hang,
    Message,
    Raw,
    ScriptedTeacher,
    Status,
    in_turn,
    labels_by,
    slowly,
)

HAM = {"label": "ham"}
UNBILLED = [Status(code) for code in (408, 409, 429, 500, 503, 529)]
BILLED = [
    Status(502),
    Status(504),
    Drop(),
    Raw(b"<html>oops</html>"),
    Raw(b'{"choices": [{"mess', content_type="application/json"),
    Raw(b'{"choices": []}', length=999),
    Raw(b"x" * 2_000_001),
    Message("hi", choices=0, usage=None),
    Message(None, usage=None),
]


def for_text(text, reaction):
    """Return an answerer that reacts so to one text and labels the others."""
    ham = labels_by(lambda _: "ham")
    return lambda asked: reaction if asked.text == text else ham(asked)


@pytest.mark.parametrize("reaction", UNBILLED, ids=str)
def test_a_server_in_trouble_is_asked_again_and_nothing_is_charged_for_it(open_teacher, task, ledger, reaction):
    with ScriptedTeacher(in_turn(reaction, HAM)) as server:
        assert open_teacher(server).label(["hi"], task)[0].label == "ham"
    summary = summarise(ledger)
    assert (len(server.asked), summary["calls"], summary["retries"]) == (2, 2, 1)
    assert (summary["input_tokens"], summary["output_tokens"]) == (40, 5)


@pytest.mark.parametrize("reaction", BILLED, ids=lambda reaction: type(reaction).__name__)
def test_an_answer_that_is_lost_or_broken_is_asked_for_again_and_charged_at_its_bound(
    open_teacher, task, ledger, reaction
):
    with ScriptedTeacher(in_turn(reaction, HAM)) as server:
        assert open_teacher(server, max_tokens=64).label(["hi"], task)[0].label == "ham"
    summary = summarise(ledger)
    assert (len(server.asked), summary["calls"], summary["retries"]) == (2, 2, 1)
    assert summary["output_tokens"] == 64 + 5
    assert summary["input_tokens"] > 500


def test_an_empty_answer_is_charged_as_the_server_says(open_teacher, task, ledger):
    with ScriptedTeacher(in_turn(Message(None), HAM)) as server:
        open_teacher(server).label(["hi"], task)
    assert summarise(ledger)["input_tokens"] == 80


@pytest.mark.parametrize(
    ("reaction", "reason", "attempts"),
    [
        (Status(400, message="This model's maximum context length is 4096 tokens"), "too long", 1),
        (Status(413), "too long", 1),
        (Status(400, message="no such thing"), "rejected (HTTP 400)", 1),
        (Status(422), "rejected (HTTP 422)", 1),
        (Status(500), "server error (HTTP 500)", 2),
        (Status(503), "server error (HTTP 503)", 2),
        (Drop(), "connection lost", 2),
        (Raw(b"<html>"), "broken answer", 2),
        (Message(None), "empty answer", 2),
        (Message("hi", choices=0), "broken answer", 2),
        (Hang(), "no answer in 0.3 s", 2),
        (Dribble(0.05, "slow"), "no answer in 0.3 s", 2),
    ],
    ids=str,
)
def test_a_text_that_alone_fails_stays_unanswered_and_the_others_go_on(open_teacher, task, reaction, reason, attempts):
    texts = ["good", "bad", "better", "best"]
    with ScriptedTeacher(for_text("bad", reaction)) as server:
        answers = open_teacher(server, max_attempts=2, timeout_seconds=0.3).label(texts, task)
    assert [answer.label for answer in answers] == ["ham", None, "ham", "ham"]
    assert answers[1].reason == reason
    assert server.texts.count("bad") == attempts


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message('{"label": "ham"}', finish_reason="length"), "cut off"),
        (Message('{"label": "ham"}', finish_reason="content_filter"), "filtered by the provider"),
        (Message('{"label": "ham"}', refusal="I will not"), "refused"),
        (Message("I can't help with that."), "refused"),
        (Message('{"label": "eggs"}'), "unknown label"),
    ],
)
def test_an_answer_without_a_label_is_kept_as_an_outcome_and_never_asked_for_again(
    open_teacher, task, message, reason
):
    with ScriptedTeacher(in_turn(message)) as server:
        for _ in range(2):
            (answer,) = open_teacher(server).label(["hi"], task)
            assert (answer.label, answer.reason) == (None, reason)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "does not accept the key (HTTP 401: scripted); set FACTORY_TEACHER_API_KEY to a valid one"),
        (402, "wants to be paid (HTTP 402: scripted); add credit there and run again"),
        (403, "does not let FACTORY_TEACHER_API_KEY use scripted (HTTP 403: scripted); ask for access"),
        (404, "does not know scripted (HTTP 404: scripted); check `teacher.model` and `teacher.base_url`"),
        (418, "answered what cannot be used (HTTP 418: scripted); check `teacher.base_url`"),
    ],
)
def test_a_refusal_of_the_whole_run_costs_one_call_whatever_the_concurrency(
    open_teacher, task, monkeypatch, status, says
):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    with ScriptedTeacher(in_turn(Status(status))) as server, pytest.raises(TeacherError) as error:
        open_teacher(server, concurrency=16).label([f"text {n}" for n in range(40)], task)
    assert says in str(error.value)
    assert server.base_url in str(error.value)
    assert "sk-secret" not in str(error.value)
    assert len(server.asked) == 1


def test_a_run_that_is_stopped_keeps_what_was_answered_and_goes_on_from_there(open_teacher, task):
    texts = [f"text {n}" for n in range(10)]
    paid = labels_by(lambda _: "ham")
    with ScriptedTeacher(lambda asked: paid(asked) if asked.number < 4 else Status(402)) as server:
        with pytest.raises(TeacherError, match="run again: answers so far are kept"):
            open_teacher(server, concurrency=1).label(texts, task)
        server.answer = paid
        assert {answer.label for answer in open_teacher(server).label(texts, task)} == {"ham"}
    assert len(server.asked) == 4 + 1 + 6


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


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "0", ""])
def test_a_wait_that_is_over_or_cannot_be_read_is_the_usual_one(open_teacher, task, value):
    with ScriptedTeacher(in_turn(Status(429, retry_after=value), HAM)) as server:
        assert open_teacher(server).label(["hi"], task)[0].label == "ham"


def test_a_wait_of_a_day_ends_the_run(open_teacher, task):
    with (
        ScriptedTeacher(in_turn(Status(429, retry_after="86400"))) as server,
        pytest.raises(TeacherError, match=r"asks to wait 86400 s .*answers so far are kept"),
    ):
        open_teacher(server).label(["a", "b"], task)
    assert len(server.asked) == 1


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
    with ScriptedTeacher(slowly(0.05, labels_by(lambda _: "ham"))) as server:
        open_teacher(server, concurrency=5).label([f"text {n}" for n in range(25)], task)
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


REACTIONS = st.sampled_from([
    HAM, HAM, HAM, "nonsense", Status(429), Status(500), Status(502), Drop(), Raw(b"<html>"), Message(None),
    Message('{"label": "ham"}', usage=None),
    Message('{"label": "ham"}', usage={"prompt_tokens": 400, "completion_tokens": 64}),
])  # fmt: skip
CAPS = st.fixed_dictionaries(
    {}, optional={"calls": st.integers(0, 12), "tokens": st.integers(0, 9000), "dollars": st.floats(0, 0.009)}
)


@settings(deadline=None, max_examples=12)
@given(st.lists(REACTIONS, min_size=1, max_size=20), st.lists(st.floats(0, 0.01), min_size=1), CAPS, st.integers(1, 8))
def test_whatever_the_server_does_the_budget_holds(tmp_path_factory, script, pauses, caps, concurrency):
    ledger = tmp_path_factory.mktemp("home") / "teacher.sqlite"
    task = Task(text="An SMS", question="Spam?", labels={"ham": "wanted", "spam": "not"})
    billed = []

    def answer(asked):
        time.sleep(pauses[asked.number % len(pauses)])
        reaction = script[asked.number % len(script)]
        usage = reaction.usage if isinstance(reaction, Message) else None
        billed.append(sum((usage or {}).get(name, 0) for name in ("prompt_tokens", "completion_tokens")))
        return reaction

    with ScriptedTeacher(answer) as server:
        settings = {"price": Price(input=1, output=2), "max_tokens": 64, "max_attempts": 2, "concurrency": concurrency}
        given = HttpTeacher(model="m", base_url=server.base_url, **settings)
        teacher = ChatTeacher(given, recipe="r", budget=Budget(**caps), ledger=ledger, backoff_seconds=0.001)
        with suppress(TeacherError):
            teacher.label([f"text {n}" for n in range(15)], task)
    summary = summarise(ledger)
    assert summary["calls"] == len(server.asked) <= caps.get("calls", 1000)
    assert sum(billed) <= summary["input_tokens"] + summary["output_tokens"] <= caps.get("tokens", 1e9)
    assert summary["dollars"] <= caps.get("dollars", 1e9) + 1e-9
