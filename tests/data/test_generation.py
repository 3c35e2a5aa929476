"""What the teacher writes is tidied and kept with the label that was asked for."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.examples import Example, read_examples
from factory.data.generation import generate_texts, tidy
from factory.data.grid import Order
from factory.recipe import Generate, HttpTeacher, SeedText
from factory.store import as_json, digest_of
from factory.teacher.prompts import WritePrompt
from factory.teacher.requests import key_of, write_request
from factory.teacher.writing import WAVE, Wish, as_examples, plan_wishes, write_label
from tests.data.conftest import PlainTeacher


def test_texts_keep_the_label_asked_for_and_have_none_of_their_own(task, out):
    teacher = PlainTeacher(texts=[("  Lovely \t film. ", "good"), (" \n ", "bad"), ("Dull.", "bad")])
    generate_texts(task, Generate(rows=3), teacher, out=out)
    assert read_examples(out / "texts.jsonl") == [
        Example("Lovely film.", asked_for="good", source="generated"),
        Example("", asked_for="bad", source="generated"),
        Example("Dull.", asked_for="bad", source="generated"),
    ]


def test_lines_and_paragraphs_are_kept_blanks_are_not():
    assert tidy("Dear\u00a0team, \r\n\r\n\n\n  no\tapp .  \nBye\n") == "Dear team,\n\nno app .\nBye"


def test_equal_characters_get_one_spelling():
    assert tidy("cafe\u0301") == "caf\u00e9"


@given(st.text())
def test_a_tidy_text_stays_as_it_is(text):
    assert tidy(tidy(text)) == tidy(text)


def test_settings_that_came_later_leave_what_was_asked_before_as_it_was(task):
    generate = Generate(
        rows=12,
        rows_per_call=2,
        attributes={"tone": ["dry", "angry"]},
        examples=[SeedText(text="Lovely.", label="good")],
        seed=3,
    )
    teacher = HttpTeacher(model="some-model", base_url="http://127.0.0.1:9/v1")
    prompt, wishes = WritePrompt(task, generate), [wish for chain in plan_wishes(task, generate) for wish in chain]
    requests = [write_request(teacher, prompt, generate, wish, ["Fine."]) for wish in wishes]
    keys = [key_of(teacher, request, wish.sample) for request, wish in zip(requests, wishes, strict=True)]
    assert digest_of(keys) == "572e19e5d4db69da51f2f159954477750ada9fb4eac2d33e00e11c012436ae6a"  # of 0.1.0
    assert digest_of(as_json(generate)) == "0c32ddb6e7519bb486646f872af60a9e6b5ccd0840a055fa0b271fc4dde9b798"


def ask_for(task, **settings):
    """Return the first request for texts that are good."""
    generate = Generate(rows=8, rows_per_call=1, **settings)
    prompt, chains = WritePrompt(task, generate), plan_wishes(task, generate)
    (wish, *_) = next(chain for chain in chains if chain[0].order.label == "good")
    return write_request(HttpTeacher(model="m"), prompt, generate, wish, [])


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"personas": ["a nurse"]}, "persona", "a nurse"),
        ({"language": "German as in Austria"}, "language", "German as in Austria"),
        ({"unlike": ["Buy now!"]}, "unlike", ["Buy now!"]),
        ({"borderline": 1}, "easily_taken_for", "bad"),
    ],
)
def test_what_a_recipe_wants_is_said_to_the_teacher_and_explained(task, settings, name, value):
    system, wish = (message["content"] for message in ask_for(task, **settings)["messages"])
    assert json.loads(wish)[name] == value
    assert f'"{name}"' in system
    assert f'"{name}"' not in ask_for(task)["messages"][0]["content"]


def test_the_temperature_is_that_of_the_schedule(task):
    assert ask_for(task, temperature=(0.7, 1.2))["temperature"] == 0.7
    assert ask_for(task, temperature=1)["temperature"] == ask_for(task)["temperature"] == 1.0


def write(min_new, *waves):
    """Return the texts of one label, and how many calls brought them, where each call of a wave brings one text."""
    wishes, calls = [Wish(Order("good", 1), sample) for sample in range(WAVE * len(waves))], []

    async def ask(wish, written):
        calls.append(wish.sample)
        return [waves[wish.sample // WAVE][wish.sample % WAVE]]

    return [row.text for row in asyncio.run(write_label(wishes, ask, min_new))], len(calls)


FRESH, STALE = ["one two three", "four five six", "seven eight nine", "ten eleven twelve"], ["one two three"] * 4
HALF = ["two three four", "One, two, three", "five six seven", "four five six"]


def test_a_label_gets_no_more_texts_when_the_last_wave_brought_too_few_new_ones():
    assert write(0.6, FRESH, HALF, FRESH) == (FRESH + HALF, 2 * WAVE)
    assert write(0.5, FRESH, HALF, STALE, FRESH) == (FRESH + HALF + STALE, 3 * WAVE)
    assert write(0, STALE, STALE) == (STALE + STALE, 2 * WAVE)


def test_a_wave_in_which_no_call_brought_a_text_says_nothing_of_repetition():
    async def ask(wish, written):
        return []

    wishes = [Wish(Order("good", 1), sample) for sample in range(2 * WAVE)]
    assert asyncio.run(write_label(wishes, ask, 1.0)) == []


def test_a_row_tells_who_was_to_write_it_and_what_it_is_easily_taken_for():
    order = Order("good", 1, {"tone": "dry"}, "a nurse", "bad")
    (row,) = as_examples(Wish(order, 0), ["Well."])
    assert row.attributes == {"tone": "dry", "persona": "a nurse", "easily_taken_for": "bad"}
