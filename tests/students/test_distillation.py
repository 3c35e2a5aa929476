"""The loss of distillation, on numbers that a reader can check."""

from math import exp, log
from pathlib import Path

import pytest

from factory.data.examples import Example
from factory.recipe import Task
from factory.recipe_students import Distil
from factory.students.lesson import Lesson

LABELS = {"yes": "", "no": ""}
STUDENT = Distil(name="d", method="distil", base_model="acme/tiny", temperature=2.0, soft_weight=0.75)
LOGITS = [2 * log(3), 0.0]  # probabilities 9:1, and 3:1 at temperature 2
BALANCED = STUDENT.model_copy(update={"balance": "weights"})


def lesson(kind="single-label", rows=(), student=STUDENT):
    task = Task(text="A review", question="Which?", labels=LABELS, kind=kind)
    return Lesson(rows, (), task, student, Path())


def loss_of(lesson, *rows, logits=LOGITS):
    import torch

    from factory.students.distillation import answer_twice, distillation_loss

    soft, hard = torch.tensor([answer_twice(row, lesson) for row in rows], dtype=torch.float64).unbind(1)
    return float(distillation_loss(torch.tensor([logits] * len(rows), dtype=torch.float64), soft, hard, lesson))


def kl(said, told=(0.75, 0.25)):
    return sum(true * log(true / guess) for true, guess in zip(told, said, strict=True))


def test_a_temperature_of_two_takes_the_square_root_of_probabilities():
    from factory.students.distillation import answer_twice

    row = Example("a", "yes", probabilities={"yes": 0.9, "no": 0.1})
    assert answer_twice(row, lesson()) == [pytest.approx([0.75, 0.25]), [1.0, 0.0]]


def test_a_label_that_the_teacher_rules_out_stays_ruled_out():
    from factory.students.distillation import answer_twice

    row = Example("a", "yes", probabilities={"yes": 1.0})
    assert answer_twice(row, lesson())[0] == [1.0, 0.0]


def test_the_softened_probability_of_one_of_several_labels_is_the_sigmoid_of_half_its_logit():
    from factory.students.distillation import answer_twice

    row = Example("a", labels=("yes",), probabilities={"yes": 1 / (1 + exp(-3.0)), "no": 0.0})
    assert answer_twice(row, lesson("multi-label")) == [pytest.approx([1 / (1 + exp(-1.5)), 0.0]), [1.0, 0.0]]


def test_a_student_that_says_what_the_teacher_said_has_only_the_loss_on_labels():
    row = Example("a", "yes", probabilities={"yes": 0.9, "no": 0.1})
    assert loss_of(lesson(), row) == pytest.approx(0.25 * -log(0.9))


def test_the_soft_loss_is_four_times_the_divergence_at_temperature_two():
    row = Example("a", "no", probabilities={"yes": 0.9, "no": 0.1})
    assert loss_of(lesson(), row, logits=[0.0, 0.0]) == pytest.approx(0.75 * 4 * kl((0.5, 0.5)) + 0.25 * log(2))


def test_a_row_without_a_label_has_the_soft_loss_alone():
    row = Example("a", probabilities={"yes": 0.9, "no": 0.1})
    assert loss_of(lesson(), row, logits=[0.0, 0.0]) == pytest.approx(0.75 * 4 * kl((0.5, 0.5)))


def test_a_row_without_probabilities_has_the_whole_loss_on_its_label():
    assert loss_of(lesson(), Example("a", "no")) == pytest.approx(-log(0.1))


def test_the_loss_of_a_batch_is_the_mean_of_its_rows():
    rows = Example("a", "no"), Example("b", probabilities={"yes": 0.5, "no": 0.5})
    assert loss_of(lesson(), *rows) == pytest.approx(sum(loss_of(lesson(), row) for row in rows) / 2)


def test_each_of_several_labels_has_a_loss_of_its_own():
    row = Example("a", labels=(), probabilities={"yes": 0.9, "no": 0.5})
    assert loss_of(lesson("multi-label"), row) == pytest.approx(0.25 * (-log(0.1) - log(0.5)) / 2)


def test_weights_of_labels_count_in_rows_that_have_a_label():
    rare, common, free = Example("a", "no"), Example("b", "yes"), Example("c", probabilities={"yes": 0.5, "no": 0.5})
    rows = [rare, common, common, common]
    assert loss_of(lesson(rows=rows, student=BALANCED), rare) == pytest.approx(2 * loss_of(lesson(), rare))
    assert loss_of(lesson(rows=rows, student=BALANCED), common) == pytest.approx(2 / 3 * loss_of(lesson(), common))
    assert loss_of(lesson(rows=rows, student=BALANCED), free) == pytest.approx(loss_of(lesson(), free))
