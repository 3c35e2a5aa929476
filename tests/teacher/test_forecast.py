from __future__ import annotations

import pytest

from factory.recipe import Budget, Generate, HttpTeacher, Price, Recipe, RecordedTeacher, Rows
from factory.teacher.client import ChatTeacher
from factory.teacher.forecast import estimate_untold, forecast
from factory.teacher.ledger import Cost, summarise
from tests.scripted_teacher import Message, ScriptedTeacher, labels_by

TEXTS = ["win it", "hello", "hello", " ", "see you"]


@pytest.fixture
def recipe(task):
    """Return a function that makes a recipe for a teacher."""

    def recipe(teacher, generate=None):
        facts = {"name": "sms", "title": "SMS", "license": "mit", "language": "en", "task": task}
        return Recipe(**facts, teacher=teacher, generate=generate, texts=Rows(file="texts.jsonl").model_dump())

    return recipe


def test_each_text_is_one_call_and_costs_what_its_prompt_says(recipe, ledger):
    teacher = HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1", price=Price(input=1, output=2))
    expected = forecast(recipe(teacher), TEXTS, ledger)
    assert expected.calls == 3
    assert 300 < expected.input_tokens < 900
    assert expected.output_tokens == 3 * 12
    assert expected.dollars == pytest.approx((expected.input_tokens + 2 * expected.output_tokens) / 1e6)
    assert not ledger.exists()


def test_a_longer_text_is_expected_to_cost_more(recipe, ledger):
    teacher = HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1")
    short, long = (forecast(recipe(teacher), [text], ledger) for text in ("x", "x" * 401))
    assert long.input_tokens - short.input_tokens == 100
    assert short.dollars == 0


def test_what_the_ledger_has_is_not_paid_for_again(recipe, ledger, task):
    with ScriptedTeacher(labels_by(lambda _: "ham")) as server:
        settings = HttpTeacher(model="m", base_url=server.base_url)
        generate = Generate(rows=12, rows_per_call=2)
        before = forecast(recipe(settings, generate), TEXTS, ledger)
        assert before.calls == 6 + 3 + 12
        teacher = ChatTeacher(settings, recipe="sms", budget=Budget(), ledger=ledger)
        written = teacher.write(task, generate)
        assert forecast(recipe(settings, generate), TEXTS, ledger).calls == 3 + 12
        teacher.label([*TEXTS[:3], *(example.text for example in written)], task)
        assert forecast(recipe(settings, generate), TEXTS, ledger).calls == 1
    assert len(server.asked) == before.calls - 1


def test_a_teacher_that_is_recorded_costs_nothing(recipe, ledger):
    assert forecast(recipe(RecordedTeacher(recorded="answers")), TEXTS, ledger) == Cost()


def test_each_pair_is_one_call_whose_price_counts_both_texts(recipe, ledger, pair):
    given = recipe(HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1")).model_copy(update={"task": pair})
    expected = forecast(given, [("a", "b"), ("a", "c"), ("a", "b"), ("a", " ")], ledger)
    short, long = (forecast(given, [("a", text)], ledger) for text in ("x", "x" * 401))
    assert expected.calls == 2
    assert long.input_tokens - short.input_tokens == 100


def test_a_budget_that_is_gone_on_with_writes_no_more_than_can_be_labelled(recipe, ledger, task):
    budget, generate = Budget(calls=17, when_spent="continue"), Generate(rows=30, rows_per_call=3)
    with ScriptedTeacher(labels_by(lambda _: "ham")) as server:
        settings = HttpTeacher(model="m", base_url=server.base_url)
        planned = recipe(settings, generate).model_copy(update={"budget": budget})
        expected = forecast(planned, [], ledger)
        teacher = ChatTeacher(settings, recipe="sms", budget=budget, ledger=ledger)
        teacher.label([example.text for example in teacher.write(task, generate)], task)
        assert expected.calls == len(server.asked) == 16
        assert forecast(planned, [], ledger) == Cost()


def test_answers_whose_tokens_a_server_did_not_tell_are_booked_at_most_and_estimated_by_their_length(ledger, task):
    told = Message('{"label": "ham"}')
    with ScriptedTeacher(lambda asked: told if asked.text == "told" else Message(told.content, usage=None)) as server:
        settings = HttpTeacher(model="m", base_url=server.base_url, max_tokens=64)
        teacher = ChatTeacher(settings, recipe="sms", budget=Budget(), ledger=ledger)
        teacher.label(["told"], task)
        assert estimate_untold(ledger, "sms") is None
        teacher.label(["untold", "another"], task)
    told_tokens, booked = 45, summarise(ledger, "sms")
    found = estimate_untold(ledger)
    assert found["answers"] == booked["estimated"] == 2
    assert found["booked_tokens"] == booked["input_tokens"] + booked["output_tokens"] - told_tokens
    assert 2 * (4 + 4) < found["likely_tokens"] < found["booked_tokens"] / 3
    assert estimate_untold(ledger, "another recipe") is None
