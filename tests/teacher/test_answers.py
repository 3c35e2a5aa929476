from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.teacher.answers import (
    CUT_OFF,
    EMPTY,
    NO_LABEL,
    REFUSED,
    TWO_ANSWERS,
    TWO_LABELS,
    UNKNOWN_LABEL,
    LabelReader,
    LabelsReader,
    open_reader,
    read_texts,
)

SEVERAL = LabelsReader(["ham", "spam", "so, so", "Etc."])
READER = LabelReader(["ham", "spam", "not sure", "Etc."])

PACKAGED = {
    '{"label": "spam"}': "spam",
    ' {"Label" : "SPAM"}\n': "spam",
    '```json\n{"label": "ham"}\n```': "ham",
    'Sure, here it is: {"label": "ham"}. Anything else?': "ham",
    '{"label": ["ham"]}': "ham",
    '{"label": "Not  Sure"}': "not sure",
    '{"reason": "a prize {}", "label": "spam"}': "spam",
    'use {braces}: {"label": \'x\'} no, {"label": "ham"}': "ham",
    "Spam.": "spam",
    "**ham**": "ham",
    "“spam”": "spam",
    "The label is: spam": "spam",
    "Answer: ham.": "ham",
    "etc.": "Etc.",
    '<think>it could be {"label": "ham"}</think>\n{"label": "spam"}': "spam",
}
WITHOUT = {
    "": EMPTY,
    "  \n": EMPTY,
    '{"label": null}': EMPTY,
    '{"label": ""}': EMPTY,
    '{"label": "eggs"}': UNKNOWN_LABEL,
    '{"label": {"ham": 1}}': UNKNOWN_LABEL,
    '{"label": "ham"} or {"label": "eggs"}': UNKNOWN_LABEL,
    "eggs": UNKNOWN_LABEL,
    "This is not spam": UNKNOWN_LABEL,
    "spam, probably": UNKNOWN_LABEL,
    '{"label": "ham"} {"label": "spam"}': TWO_LABELS,
    '{"label": "ham", "label": "spam"}': TWO_LABELS,
    '{"label": ["ham", "spam"]}': TWO_LABELS,
    "ham or spam": TWO_LABELS,
    "ham/spam": TWO_LABELS,
    '{"answer": "spam"}': NO_LABEL,
    '{"label": "sp': NO_LABEL,
    "[]": NO_LABEL,
    "{" * 5000: NO_LABEL,
    "I'm sorry, I can't help with that.": REFUSED,
    "As an AI, I do not label.": REFUSED,
    "<think>it might be spam": CUT_OFF,
}


@pytest.mark.parametrize(("content", "label"), PACKAGED.items())
def test_packaging_does_not_hide_a_label(content, label):
    assert READER.read(content).label == label


@pytest.mark.parametrize(("content", "reason"), WITHOUT.items())
def test_what_is_not_one_of_the_labels_is_reported_not_guessed(content, reason):
    answer = READER.read(content)
    assert (answer.label, answer.reason) == (None, reason)


@given(st.text())
def test_any_answer_has_either_a_label_or_a_reason(content):
    answer = READER.read(content)
    assert (answer.label is None) != (answer.reason is None)


@given(st.text() | st.sampled_from(["HAM ", "Spam", "hams", "sp am", "not\tsure", "not not sure", "spam!", "ham."]))
def test_a_label_in_json_is_taken_by_its_letters_alone(text):
    label = READER.read(json.dumps({"label": text})).label
    assert label is None or label.casefold() == " ".join(text.casefold().split())


def test_a_number_or_a_truth_value_is_matched_by_how_it_is_written():
    reader = LabelReader(["1", "true"])
    assert reader.read('{"label": 1}').label == "1"
    assert reader.read('{"label": true}').label == "true"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('{"texts": ["a", " b ", ""]}', ["a", "b"]),
        ('["a", {"text": "b"}, 3, null]', ["a", "b"]),
        ('```json\n{"texts": ["a"]}\n```', ["a"]),
        ('{"texts": ["whole", "also whole", "cut of', ["whole", "also whole"]),
        ('{"texts": ["half a pair \\ud800", "fine"]}', ["fine"]),
        ("no list", []),
        ("", []),
    ],
)
def test_written_texts_are_those_that_are_whole(content, texts):
    assert read_texts(content, 9) == texts


def test_more_texts_than_asked_for_are_left_out():
    assert read_texts('["a", "b", "c"]', 2) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ('{"labels": ["spam", "ham"]}', ("ham", "spam")),
        ('{"labels": ["spam", "SPAM", "spam"]}', ("spam",)),
        ('{"labels": []}', ()),
        ('{"labels": "spam"}', ("spam",)),
        ('{"label": ["spam", "etc."]}', ("spam", "Etc.")),
        ('Sure: {"labels": ["so, so"]}. Anything else?', ("so, so",)),
        ('```json\n{"labels": ["ham"]}\n```', ("ham",)),
        ('{"labels": ["ham"]}\n{"labels": ["HAM"]}', ("ham",)),
        ('["ham", "spam"]', ("ham", "spam")),
        ("[]", ()),
        ("Spam.", ("spam",)),
        ("etc.", ("Etc.",)),
        ("so, so", ("so, so",)),
        ("spam, ham", ("ham", "spam")),
        ("- spam\n- ham", ("ham", "spam")),
        ('<think>{"labels": ["ham"]}</think>{"labels": []}', ()),
    ],
)
def test_packaging_does_not_hide_labels_which_come_once_and_in_the_order_of_the_task(content, labels):
    answer = SEVERAL.read(content)
    assert (answer.labels, answer.label, answer.reason) == (labels, None, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"labels": ["ham", "eggs"]}', UNKNOWN_LABEL),
        ('{"labels": ["ham", null]}', UNKNOWN_LABEL),
        ('{"labels": {"ham": true, "spam": false}}', UNKNOWN_LABEL),
        ('["ham", "eggs"]', UNKNOWN_LABEL),
        ("ham, not spam", UNKNOWN_LABEL),
        ("ham or spam", UNKNOWN_LABEL),
        ("none", UNKNOWN_LABEL),
        ('{"labels": ["ham"]} or {"labels": ["spam"]}', TWO_ANSWERS),
        ('{"labels": ["ham"], "labels": []}', TWO_ANSWERS),
        ('{"labels": null}', EMPTY),
        ('{"labels": [""]}', EMPTY),
        (" ", EMPTY),
        ('{"answer": ["ham"]}', NO_LABEL),
        ('{"labels": ["ham", "sp', NO_LABEL),
        ("[" * 5000, NO_LABEL),
        ("I'm sorry, I can't help with that.", REFUSED),
        ("<think>it might be spam", CUT_OFF),
    ],
)
def test_a_list_that_is_not_of_labels_alone_is_no_answer_at_all(content, reason):
    answer = SEVERAL.read(content)
    assert (answer.labels, answer.label, answer.reason) == (None, None, reason)


@given(st.text() | st.lists(st.sampled_from(["ham", "Spam", "eggs", "", "so, so"])).map(json.dumps))
def test_any_answer_has_either_labels_or_a_reason(content):
    answer = SEVERAL.read(content)
    assert (answer.labels is None) != (answer.reason is None)


def test_the_kind_of_the_task_says_who_reads_its_answers(task, several, pair):
    assert open_reader(task).read('{"label": "ham"}').label == "ham"
    assert open_reader(pair).read('{"label": "denies"}').label == "denies"
    assert open_reader(several).read('{"labels": ["ham"]}').labels == ("ham",)
