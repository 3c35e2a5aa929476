"""Knowledge distillation: learn what a larger model thinks of every label (Hinton et al. 2015)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import cast

from factory.errors import TrainingError
from factory.recipe_students import Distil
from factory.students.fitting import fit_network
from factory.students.larger import ask_larger
from factory.students.lesson import Facts, Fitted, Lesson
from factory.students.pretrained import load_classifier


def train_distil(lesson: Lesson) -> Fitted:
    """Return the base model trained on the probabilities of the larger student, or else of the teacher.

    Raises TrainingError when nobody gave any.
    """
    taught = ask_larger(lesson)
    _check_probabilities(taught)
    network = load_classifier(taught)
    from factory.students.distillation import DistillationTrainer

    fitted = fit_network(taught, network, partial(DistillationTrainer, taught, None))
    return replace(fitted, facts=fitted.facts | describe_distillation(lesson))


def describe_distillation(lesson: Lesson) -> Facts:
    """Return for the card who taught, and how."""
    student = cast(Distil, lesson.student)
    return {
        "teacher_student": student.teacher,
        "temperature": student.temperature,
        "soft_weight": student.soft_weight,
        "unlabelled_rows": len(lesson.unlabelled) if lesson.larger else 0,
    }


def _check_probabilities(lesson: Lesson) -> None:
    if not any(row.probabilities for row in lesson.rows):
        raise TrainingError(
            f"students: {lesson.student.name}: distil learns from probabilities, and the teacher gave only labels; "
            f"name an earlier student as its `teacher`, or choose `method: full`"
        )
