"""The teacher labels blind; a text without an answer is reported, not guessed."""

import pytest

from factory.data.examples import Example, read_examples, write_examples
from factory.data.labelling import label_texts
from factory.store import Artifact
from factory.teacher import Answer
from tests.data.conftest import PlainTeacher


def answer(text):
    if "film" in text:
        return Answer("good", confidence=0.9, probabilities={"good": 0.9, "bad": 0.1})
    return Answer(None, reason="refused")


@pytest.fixture
def label(tmp_path, task, out):
    def run(rows, teacher, name="texts.jsonl"):
        (tmp_path / "texts").mkdir()
        write_examples(tmp_path / "texts" / name, rows)
        label_texts(Artifact(tmp_path / "texts", "digest"), task, teacher, out=out)
        return read_examples(out / "examples.jsonl")

    return run


def test_rows_stay_in_order_and_keep_what_was_known(label):
    rows = [Example("A film.", asked_for="bad", source="generated", attributes={"tone": "dry"}), Example("Hm.")]
    labelled, unanswered = label(rows, PlainTeacher(answer))
    assert (labelled.label, labelled.confidence, labelled.probabilities) == ("good", 0.9, {"good": 0.9, "bad": 0.1})
    assert (labelled.asked_for, labelled.source, labelled.attributes) == ("bad", "generated", {"tone": "dry"})
    assert unanswered == Example("Hm.", reason="refused")


def test_a_text_is_asked_about_once_and_a_blank_one_never(label):
    teacher = PlainTeacher(answer)
    labelled = label([Example("A film."), Example(" "), Example("Hm."), Example("A film.")], teacher)
    assert teacher.asked == ["A film.", "Hm."]
    assert [row.label for row in labelled] == ["good", None, None, "good"]
    assert labelled[1].reason == "blank text"


def test_the_gold_label_is_replaced_by_what_the_teacher_says(label):
    gold = [Example("A film.", "bad", source="gold"), Example("Hm.", "bad", source="gold")]
    labelled = label(gold, PlainTeacher(answer), name="gold.jsonl")
    assert [(row.label, row.source) for row in labelled] == [("good", "gold"), (None, "gold")]


def test_an_answer_that_is_missing_is_a_fault_not_a_shift(label):
    teacher = PlainTeacher(answer)
    teacher.label = lambda texts, task: [answer(texts[0])]
    with pytest.raises(ValueError, match="zip"):
        label([Example("A film."), Example("Hm.")], teacher)


def test_all_labels_that_apply_are_kept_and_none_is_an_answer(label):
    said = {"A film.": Answer(None, labels=("good", "bad")), "Hm.": Answer(None, labels=()), "?": Answer(None, "odd")}
    rows = label([Example(text) for text in said], PlainTeacher(said.get))
    assert [(row.labels, row.answer, row.reason) for row in rows] == [
        (("good", "bad"), ("good", "bad"), None),
        ((), (), None),
        (None, None, "odd"),
    ]


def test_a_pair_is_asked_about_once_and_one_without_its_first_text_never(label):
    teacher = PlainTeacher(lambda pair: Answer("good" if pair[1] == "Yes." else "bad"))
    rows = [Example("A film.", text_pair=second) for second in ("Yes.", "No.", "Yes.")]
    labelled = label([*rows, Example("", text_pair="Yes.")], teacher)
    assert teacher.asked == [("A film.", "Yes."), ("A film.", "No.")]
    assert [row.label for row in labelled] == ["good", "bad", "good", None]
    assert labelled[-1].reason == "blank text"
