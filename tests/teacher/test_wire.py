from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from factory.teacher.wire import Fault, Kind, read_reply, read_retry_after


def body(**changes):
    choice = {"message": {"content": "hi"}, "finish_reason": "stop", **changes.pop("choice", {})}
    return json.dumps(
        {"choices": [choice], "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 2}} | changes
    )


def test_a_reply_has_its_text_its_model_and_its_tokens():
    reply = read_reply(body())
    assert (reply.outcome, reply.content, reply.model, reply.tokens) == ("answered", "hi", "m", (3, 2))


def test_a_message_in_parts_is_joined():
    parts = [{"type": "text", "text": "h"}, {"type": "image"}, {"type": "text", "text": "i"}, "x"]
    assert read_reply(body(choice={"message": {"content": parts}})).content == "hi"


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        ({"finish_reason": "length"}, "cut off"),
        ({"finish_reason": "content_filter", "message": {"content": None}}, "filtered"),
        ({"message": {"content": None, "refusal": "I will not"}}, "refused"),
        ({"finish_reason": None}, "answered"),
        ({"finish_reason": "eos_token"}, "answered"),
    ],
)
def test_how_an_answer_ended_is_its_outcome(choice, outcome):
    assert read_reply(body(choice=choice)).outcome == outcome


@pytest.mark.parametrize(
    "broken",
    ["", "<html>", "[]", "null", "{}", '{"choices": []}', '{"choices": [{"message": null}]}', body()[:-9], "[" * 9999],
)
def test_what_is_no_completion_is_a_broken_answer(broken):
    with pytest.raises(Fault) as fault:
        read_reply(broken)
    assert (fault.value.kind, fault.value.reason, fault.value.tokens) == (Kind.BROKEN, "broken answer", None)


@pytest.mark.parametrize("content", [None, "", " \n", []])
def test_an_empty_answer_is_a_fault_that_knows_what_it_cost(content):
    with pytest.raises(Fault) as fault:
        read_reply(body(choice={"message": {"content": content}}))
    assert (fault.value.reason, fault.value.tokens) == ("empty answer", (3, 2))


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 3}, {"prompt_tokens": -1, "completion_tokens": 2}, "5"])
def test_usage_that_does_not_tell_both_counts_is_none(usage):
    assert read_reply(body(usage=usage)).tokens is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("abc", None),
        ("-5", None),
        ("", None),
        ("\u00b2", None),
        ("86400", 86400.0),
    ],
)
def test_retry_after_in_seconds(value, seconds):
    assert read_retry_after(value) == seconds


def test_retry_after_as_a_date():
    now = datetime.now(UTC)
    assert read_retry_after(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0.0
    assert read_retry_after(format_datetime(now + timedelta(hours=1), usegmt=True)) == pytest.approx(3600, abs=60)
    assert read_retry_after((now + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S")) == pytest.approx(
        3600, abs=60
    )
