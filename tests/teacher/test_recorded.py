from __future__ import annotations

import json

import pytest

from factory.errors import TeacherError
from factory.recipe import Generate
from factory.teacher import Answer
from factory.teacher.recorded import Recordings

CLAIMS = {"dry": "denies", "wet": "supports"}


@pytest.fixture
def record(tmp_path):
    """Return a function that writes rows to both files and opens them."""

    def record(labels=(), texts=None):
        for name, rows in (("labels.jsonl", labels), ("texts.jsonl", texts)):
            if rows is not None:
                lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
                (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Recordings(tmp_path, "gpt-oss-120b")

    return record


def test_a_text_is_found_by_its_characters_after_nfc_and_without_blanks_around_it(record, task):
    teacher = record([{"text": " Cafe\u0301 ", "label": "ham", "confidence": 0.9}])
    assert teacher.label(["Caf\u00e9"], task) == [Answer("ham", confidence=0.9)]
    assert teacher.name == "gpt-oss-120b"
    assert teacher.usage.calls == 0


def test_a_text_without_an_answer_is_reported_not_guessed(record, task):
    teacher = record([{"text": "hi", "label": "ham"}, {"text": "no", "label": None}])
    assert [(a.label, a.reason) for a in teacher.label(["other", "no", "hi"], task)] == [
        (None, "unanswered"),
        (None, "unanswered"),
        ("ham", None),
    ]


def test_probabilities_are_kept(record, task):
    teacher = record([{"text": "hi", "label": "ham", "probabilities": {"ham": 0.75, "spam": 0.25}}])
    assert teacher.label(["hi"], task)[0].probabilities == {"ham": 0.75, "spam": 0.25}


def test_a_text_that_was_answered_in_two_ways_has_no_label(record, task):
    contradiction = [{"text": "hi", "label": label} for label in ("ham", "spam")]
    teacher = record([*contradiction, {"text": "yo", "label": "ham"}, {"text": "yo", "label": "ham"}])
    assert [(a.label, a.reason) for a in teacher.label(["hi", "yo"], task)] == [(None, "two labels"), ("ham", None)]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"text": "x", "label": "eggs"}, "label 'eggs' is not in the recipe's set (ham, spam)"),
        ({"text": "x", "label": "Spam"}, "label 'Spam' is not in the recipe's set"),
        ({"text": "x", "label": "ham", "confidence": 9}, "confidence 9 is not between 0 and 1"),
        ({"text": "x", "label": "ham", "probabilities": {"ham": "a lot"}}, "probabilities are not numbers"),
        ({"text": "x", "label": "ham", "probabilities": {"eggs": 1}}, "label 'eggs' is not in the recipe's set"),
        ({"label": "ham"}, "has no `text`"),
        ('{"text": "half a pair \\ud800", "label": "ham"}', "has no `text`"),
        ("[]", "has no `text`"),
        ('{"text": "torn', "not a JSON object"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_file_and_line(record, task, row, complaint):
    teacher = record([{"text": "hi", "label": "ham"}, row])
    with pytest.raises(TeacherError) as error:
        teacher.label(["hi"], task)
    assert f"labels.jsonl:2: {complaint}" in str(error.value)


def test_a_missing_file_is_named(tmp_path, task):
    with pytest.raises(TeacherError, match=r"labels\.jsonl: cannot be read"):
        Recordings(tmp_path).label(["hi"], task)


def test_written_texts_are_balanced_in_file_order_and_keep_their_other_keys(record, task):
    labels = ["spam"] * 4 + ["ham"] * 4
    rows = [{"text": f"{label} {n % 4}", "label": label, "n": n, "note": None} for n, label in enumerate(labels)]
    examples = record(texts=rows).write(task, Generate(rows=5))
    assert [example.text for example in examples] == ["spam 0", "spam 1", "ham 0", "ham 1", "ham 2"]
    assert examples[1].asked_for == "spam"
    assert examples[1].label is None
    assert examples[1].attributes == {"n": "1"}


def test_a_label_with_few_written_texts_leaves_its_places_to_the_others(record, task):
    rows = [{"text": f"ham {n}", "label": "ham"} for n in range(9)] + [{"text": "spam 0", "label": "spam"}]
    assert len(record(texts=rows).write(task, Generate(rows=6))) == 6


def test_a_written_text_of_an_unknown_label_is_named_with_file_and_line(record, task):
    with pytest.raises(TeacherError, match=r"texts\.jsonl:1: label None is not in"):
        record(texts=[{"text": "x"}]).write(task, Generate(rows=1))


def test_its_identity_is_the_contents_of_its_files_and_not_their_place(record, tmp_path):
    first = record([{"text": "hi", "label": "ham"}]).identity
    assert record([{"text": "hi", "label": "ham"}]).identity == first
    assert record([{"text": "hi", "label": "spam"}]).identity != first
    assert str(tmp_path) not in json.dumps(first)


def test_several_labels_are_a_list_under_either_name_or_one_as_a_plain_text(record, several):
    rows = [
        {"text": "a", "labels": ["spam", "ham", "spam"], "probabilities": {"ham": 0.9, "spam": 0.8}},
        {"text": "b", "label": ["spam"]},
        {"text": "c", "labels": "ham"},
        {"text": "d", "labels": []},
        {"text": "e", "labels": None, "reason": "refused"},
    ]
    answers = record(rows).label(list("abcdef"), several)
    assert [answer.labels for answer in answers] == [("ham", "spam"), ("spam",), ("ham",), (), None, None]
    assert [answer.reason for answer in answers[3:]] == [None, "refused", "unanswered"]
    assert answers[0].probabilities == {"ham": 0.9, "spam": 0.8}
    assert all(answer.label is None for answer in answers)


def test_a_text_with_two_sets_of_labels_has_none_and_the_order_makes_no_other_set(record, several):
    sets = {"a": (["ham"], []), "b": (["ham", "spam"], ["spam", "ham"])}
    teacher = record([{"text": text, "labels": labels} for text, given in sets.items() for labels in given])
    assert [(a.labels, a.reason) for a in teacher.label(["a", "b"], several)] == [
        (None, "two answers"),
        (("ham", "spam"), None),
    ]


def test_an_unknown_label_in_a_recorded_list_is_named_with_file_and_line(record, several):
    with pytest.raises(TeacherError, match=r"labels\.jsonl:1: label 'eggs' is not in the recipe's set"):
        record([{"text": "a", "labels": ["ham", "eggs"]}]).label(["a"], several)


def test_a_pair_is_found_by_both_texts(record, pair):
    rows = [{"text": "It  rained.", "text_pair": f"It was {how}.", "label": label} for how, label in CLAIMS.items()]
    texts = [("It rained.", "It was dry. "), ("It rained.", "It was wet."), ("It was wet.", "It rained.")]
    assert [a.label for a in record(rows).label(texts, pair)] == ["denies", "supports", None]


@pytest.mark.parametrize("second", [{}, {"text_pair": None}, {"text_pair": " "}, {"text_pair": 7}])
def test_a_recorded_pair_without_its_second_text_is_named_with_file_and_line(record, pair, second):
    rows = [{"text": "a", "text_pair": "b", "label": "denies"}, {"text": "a", "label": "denies", **second}]
    with pytest.raises(TeacherError, match=r"labels\.jsonl:2: has no `text_pair`"):
        record(rows).label([("a", "b")], pair)
