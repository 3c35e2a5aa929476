"""What can be asked of a server beyond one label: samples, probabilities, reasons; and going on without the rest."""

from __future__ import annotations

import json
import logging
import sqlite3

import pytest

from factory.errors import BudgetError
from factory.recipe import Budget, Generate, HttpTeacher
from factory.store import digest_of
from factory.teacher.prompts import LabelPrompt
from factory.teacher.requests import key_of, label_request
from tests.scripted_teacher import Message, ScriptedTeacher, Status, labels_by

LABELS = labels_by(lambda text: "spam" if "win" in text else "ham")


def by_sample(*answers):
    """An answerer that gives the samples of a text in this order, whatever the order of the calls."""
    return lambda asked: answers[asked.body.get("seed", 0)]


def test_one_sample_is_asked_for_and_kept_as_it_always_was(open_teacher, task):
    settings = HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1", samples=1, logprobs=False, reason=False)
    key = key_of(settings, label_request(settings, LabelPrompt(task, reason=settings.reason), "hi"))
    assert key == "2f7a7b786eea6c5093a29a88ea52a64e1221b5d81806e5493b3bf95727e78f80"
    teacher = open_teacher(None, model="m", base_url="http://127.0.0.1:9/v1")
    assert digest_of(teacher.identity) == "d6df3cf2b1f2eb03dcf5dedc3e7a8ce8e01c31de17a499186317faa057e88d85"


@pytest.mark.parametrize("change", [{"samples": 3}, {"logprobs": True}, {"reason": True}])
def test_another_way_of_asking_is_another_stage(open_teacher, change):
    asked, plain = (open_teacher(None, base_url="http://127.0.0.1:9/v1", **settings) for settings in (change, {}))
    assert asked.identity != plain.identity


def test_of_several_samples_most_decide(open_teacher, task):
    with ScriptedTeacher(by_sample({"label": "ham"}, {"label": "spam"}, {"label": "spam"})) as server:
        (answer,) = open_teacher(server, samples=3).label(["hi"], task)
        assert open_teacher(server, samples=3).label(["hi"], task) == [answer]
    assert (answer.label, answer.confidence) == ("spam", 0.666667)
    assert answer.probabilities == {"ham": 0.333333, "spam": 0.666667}
    assert len(server.asked) == 3
    assert {asked.body["temperature"] for asked in server.asked} == {0.7}


def test_more_samples_pay_only_for_those_that_are_new(open_teacher, task):
    with ScriptedTeacher(LABELS) as server:
        open_teacher(server, samples=2).label(["hi", "win"], task)
        open_teacher(server, samples=4).label(["hi", "win"], task)
    assert len(server.asked) == 8


def test_a_sample_that_cannot_be_read_is_no_vote(open_teacher, task):
    with ScriptedTeacher(by_sample({"label": "ham"}, "I would rather not say", {"label": "eggs"})) as server:
        (answer,) = open_teacher(server, samples=3).label(["hi"], task)
    assert (answer.label, answer.confidence) == ("ham", 0.333333)
    assert answer.probabilities == {"ham": 1.0, "spam": 0.0}


def test_samples_that_are_tied_give_no_label(open_teacher, task):
    with ScriptedTeacher(by_sample({"label": "ham"}, {"label": "spam"})) as server:
        (answer,) = open_teacher(server, samples=2).label(["hi"], task)
    assert (answer.label, answer.reason) == (None, "tied vote")


def test_probabilities_are_those_that_the_server_tells(open_teacher, task, caplog):
    caplog.set_level(logging.WARNING, "factory")
    steps = (('{"label": "', {}), ("spam", {"spam": 0.6, "ham": 0.3, "eggs": 0.1}), ('"}', {}))
    with ScriptedTeacher(lambda _: Message('{"label": "spam"}', logprobs=steps)) as server:
        (answer,) = open_teacher(server, logprobs=True).label(["hi"], task)
        assert open_teacher(server, logprobs=True).label(["hi"], task) == [answer]
    assert (answer.label, answer.confidence) == ("spam", 0.6)
    assert answer.probabilities == {"ham": 0.3, "spam": 0.6}
    assert set(caplog.messages) == {"scripted: 10.0 % of the probability went to words that are no label"}
    assert (server.asked[0].body["logprobs"], server.asked[0].body["top_logprobs"]) == (True, 5)


def test_a_server_without_probabilities_gives_labels_alone_and_says_so_once(open_teacher, task, caplog):
    caplog.set_level(logging.WARNING, "factory")
    with ScriptedTeacher(LABELS) as server:
        answers = open_teacher(server, logprobs=True).label(["hi", "win"], task)
    assert [(answer.label, answer.probabilities) for answer in answers] == [("ham", None), ("spam", None)]
    assert caplog.messages == ["scripted: 2 of 2 answers came without probabilities of labels"]


def test_a_server_that_refuses_to_tell_probabilities_is_asked_without(open_teacher, task):
    def answer(asked):
        return Status(400, message="logprobs is not supported") if "logprobs" in asked.body else LABELS(asked)

    with ScriptedTeacher(answer) as server:
        answers = open_teacher(server, logprobs=True).label(["hi", "win"], task)
    assert [answer.label for answer in answers] == ["ham", "spam"]
    assert [("top_logprobs" in asked.body) for asked in server.asked] == [True, False, False]


@pytest.mark.parametrize("kind", ["single-label", "multi-label"])
def test_a_reason_comes_before_the_label_and_stays_in_the_ledger(open_teacher, task, several, ledger, kind):
    asked_of, key, value = {"single-label": (task, "label", "spam"), "multi-label": (several, "labels", ["spam"])}[
        kind
    ]
    with ScriptedTeacher(lambda _: {"reason": "it says win, not {ham}", key: value}) as server:
        (answer,) = open_teacher(server, reason=True).label(["win"], asked_of)
    assert (answer.label or list(answer.labels)) == value
    assert answer.reason is None
    body = server.asked[0].body
    schema = body["response_format"]["json_schema"]["schema"]
    assert (list(schema["properties"]), schema["required"]) == (["reason", key], ["reason", key])
    assert body["max_tokens"] == 1024
    assert '"reason"' in body["messages"][0]["content"]
    ((reply,),) = sqlite3.connect(ledger).execute("SELECT reply FROM calls")
    assert "it says win" in json.loads(reply)["choices"][0]["message"]["content"]


def test_a_spent_budget_stops_unless_it_is_told_to_go_on(open_teacher, task):
    texts = [f"text {number}" for number in range(6)]
    with ScriptedTeacher(LABELS) as server:
        with pytest.raises(BudgetError):
            open_teacher(server, budget=Budget(calls=4)).label(texts, task)
        answers = open_teacher(server, budget=Budget(calls=4, when_spent="continue")).label(texts, task)
        more = open_teacher(server, budget=Budget(calls=5, when_spent="continue")).label(texts, task)
    assert sorted(str(answer.reason) for answer in answers) == ["None"] * 4 + ["over budget"] * 2
    assert all(answer.label == "ham" for answer in answers if answer.reason is None)
    assert [answer.reason for answer in more].count("over budget") == 1
    assert len(server.asked) == 5


def test_a_text_of_which_a_sample_is_missing_has_no_label(open_teacher, task):
    budget = Budget(calls=4, when_spent="continue")
    with ScriptedTeacher(LABELS) as server:
        answers = open_teacher(server, samples=3, concurrency=1, budget=budget).label(["one", "two"], task)
    assert [(answer.label, answer.reason) for answer in answers] == [("ham", None), (None, "over budget")]


def test_a_budget_that_leaves_rows_out_is_part_of_the_stage(open_teacher):
    url = "http://127.0.0.1:9/v1"
    stopping, small, large = (
        open_teacher(None, base_url=url, budget=budget).identity
        for budget in (Budget(calls=4), Budget(calls=4, when_spent="continue"), Budget(calls=9, when_spent="continue"))
    )
    assert stopping == open_teacher(None, base_url=url).identity
    assert len({digest_of(identity) for identity in (stopping, small, large)}) == 3


def test_no_more_is_written_than_can_be_labelled_within_the_budget(open_teacher, task):
    generate = Generate(rows=30, rows_per_call=3)
    with ScriptedTeacher(LABELS) as server:
        teacher = open_teacher(server, budget=Budget(calls=17, when_spent="continue"))
        written = teacher.write(task, generate)
        again = open_teacher(server, budget=Budget(calls=17, when_spent="continue")).write(task, generate)
        answers = teacher.label([example.text for example in written], task)
    assert written == again
    assert [example.asked_for for example in written] == ["ham"] * 6 + ["spam"] * 6
    assert all(answer.label for answer in answers)
    assert len(server.asked) == 4 + 12


def test_texts_that_were_written_before_the_budget_ended_are_kept(open_teacher, task):
    generate = Generate(rows=30, rows_per_call=3)
    with ScriptedTeacher(LABELS) as server:
        open_teacher(server).label([f"text {number}" for number in range(37)], task)
        written = open_teacher(server, budget=Budget(calls=40, when_spent="continue")).write(task, generate)
        complete = open_teacher(server).write(task, generate)
    assert len(written) == 9
    assert {example.text for example in written} < {example.text for example in complete}


def test_a_budget_that_cannot_pay_for_one_text_and_its_label_is_refused(open_teacher, task):
    with (
        ScriptedTeacher(LABELS) as server,
        pytest.raises(BudgetError, match="too small to write texts"),
    ):
        open_teacher(server, budget=Budget(calls=2, when_spent="continue")).write(task, Generate(rows=30))
    assert server.asked == []
