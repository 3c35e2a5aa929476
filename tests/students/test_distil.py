"""Distillation: whom it learns from, what it needs no label for, and what it refuses."""

import json
import shutil
from dataclasses import replace

import pytest

from factory.errors import TrainingError
from factory.recipe import Task
from factory.recipe_students import Distil
from factory.students.distil import train_distil
from factory.students.full import train_full
from factory.students.larger import ask_larger
from factory.students.lesson import Lesson
from factory.students.quiet import quiet_transformers
from tests.students.toy import BAD, GOOD, STUDENT, TASK, UNLABELLED, toy_rows

DISTIL = Distil(
    name="small", method="distil", base_model="acme/tiny", teacher="toy", lr=3e-3, epochs=6, max_length=32,
    head_first=False,
)  # fmt: skip
ROWS = toy_rows()


@pytest.fixture(autouse=True)
def quiet():
    with quiet_transformers():
        yield


@pytest.fixture
def lesson(toy, trained, tmp_path):
    return Lesson(
        ROWS[:50], ROWS[50:65], TASK, DISTIL, tmp_path / "place", toy / "base", trained.path / "model", UNLABELLED
    )


def answers(folder, rows):
    from factory.students.loading import load_folder

    return [said["label"] for said in load_folder(folder)([row.text for row in rows])]


def test_every_row_carries_what_the_larger_student_says_of_it(lesson):
    from factory.students.loading import load_folder

    rows = ask_larger(lesson).rows
    said = load_folder(lesson.larger)([row.text for row in [*ROWS[:50], *UNLABELLED]])
    assert len(rows) == 50 + 80
    for row, answer in zip(rows, said, strict=True):
        assert sum(row.probabilities.values()) == pytest.approx(1)
        assert row.probabilities[answer["label"]] == pytest.approx(answer["score"], abs=1e-5)
    assert [row.answer for row in rows] == [*[row.label for row in ROWS[:50]], *[None] * 80]


def test_the_larger_student_is_asked_once(lesson, tmp_path):
    shutil.copytree(lesson.larger, tmp_path / "larger")
    moved = replace(lesson, larger=tmp_path / "larger")
    first = ask_larger(moved).rows
    shutil.rmtree(tmp_path / "larger")
    assert ask_larger(moved).rows == first


def test_labels_in_another_order_are_told_apart_by_name(lesson):
    task = Task(text=TASK.text, question=TASK.question, labels=dict(reversed(TASK.labels.items())))
    turned = ask_larger(replace(lesson, task=task, place=lesson.place / "turned"))
    assert [row.probabilities for row in turned.rows] == [row.probabilities for row in ask_larger(lesson).rows]


def test_without_a_larger_student_the_lesson_stays_as_it_is(lesson):
    alone = replace(lesson, larger=None)
    assert ask_larger(alone) is alone


def test_a_larger_student_without_a_network_is_refused(lesson, tmp_path):
    (tmp_path / "linear").mkdir()
    (tmp_path / "linear" / "config.json").write_text(json.dumps({"model_type": "hf-factory-linear"}))
    with pytest.raises(TrainingError, match="small: its `teacher` is a student without a network; name one"):
        train_distil(replace(lesson, larger=tmp_path / "linear"))


def test_probabilities_that_nobody_gave_are_missed_before_training(lesson):
    with pytest.raises(
        TrainingError, match="small: distil learns from probabilities, and the teacher gave only labels"
    ):
        train_distil(replace(lesson, larger=None))
    assert not lesson.place.exists()


def test_words_that_no_label_speaks_of_are_learned_from_unlabelled_texts(lesson, tmp_path):
    known = [row for row in ROWS if {GOOD[0], BAD[0]} & {*row.text.split()}]
    others, few = [row for row in ROWS if row not in known], replace(lesson, rows=known)
    hard = replace(few, student=STUDENT, place=tmp_path / "hard", larger=None)
    agreed = []
    for name, fitted in (("distil", train_distil(few)), ("full", train_full(hard))):
        fitted.save(tmp_path / name)
        pairs = zip(answers(tmp_path / name, others), answers(lesson.larger, others), strict=True)
        agreed.append(sum(ours == theirs for ours, theirs in pairs))
    assert agreed[0] >= agreed[1] + len(others) / 4


def test_the_facts_tell_who_taught_and_how(lesson):
    facts = train_distil(replace(lesson, student=DISTIL.model_copy(update={"epochs": 1}))).facts
    told = {"teacher_student": "toy", "temperature": 2.0, "soft_weight": 0.7, "unlabelled_rows": 80}
    assert facts.items() >= told.items()


def test_the_teachers_probabilities_teach_where_there_is_no_larger_student(lesson, tmp_path):
    turned = {"yes": {"yes": 0.1, "no": 0.9}, "no": {"yes": 0.9, "no": 0.1}}
    rows = [replace(row, probabilities=turned[row.label]) for row in ROWS[:50]]
    student = DISTIL.model_copy(update={"teacher": None, "soft_weight": 1.0, "epochs": 8})
    second_pass = replace(lesson, rows=rows, validation=(), larger=None, student=student)
    train_distil(second_pass).save(tmp_path / "model")
    wrong = [said != row.label for said, row in zip(answers(tmp_path / "model", ROWS), ROWS, strict=True)]
    assert sum(wrong) >= 0.9 * len(ROWS)


@pytest.mark.parametrize("balance", ["none", "weights", "sampling"])
def test_the_head_goes_first_on_labelled_rows_alone(lesson, balance):
    student = DISTIL.model_copy(update={"head_first": True, "epochs": 1, "balance": balance})
    assert train_distil(replace(lesson, student=student)).facts["epochs"] == 1


def several_labels(lesson, **settings):
    """The lesson as one of a multi-label task, with probabilities of a teacher that is nearly sure."""
    told = {"yes": {"yes": 0.95, "no": 0.05}, "no": {"yes": 0.05, "no": 0.95}}
    rows = [replace(row, label=None, labels=(row.label,), probabilities=told[row.label]) for row in ROWS]
    task, student = TASK.model_copy(update={"kind": "multi-label"}), DISTIL.model_copy(update=settings)
    return replace(lesson, rows=rows[:50], validation=rows[50:65], task=task, student=student)


def test_rows_with_several_labels_are_distilled(lesson, tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    second_pass = replace(several_labels(lesson, epochs=10), larger=None, validation=())
    train_distil(second_pass).save(tmp_path / "model")
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    texts = AutoTokenizer.from_pretrained(tmp_path / "model")(
        [row.text for row in ROWS], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        said = (network(**texts).logits > 0).tolist()
    right = [answer == [row.label == name for name in TASK.names] for answer, row in zip(said, ROWS, strict=True)]
    assert sum(right) >= 0.9 * len(ROWS)


def test_rows_with_several_labels_may_come_with_unlabelled_texts(lesson):
    facts = train_distil(several_labels(lesson, epochs=1, head_first=True)).facts
    assert facts["unlabelled_rows"] == 80
    assert 0 < facts["loss"] < float("inf")
