"""Full fine-tuning: every weight is trained, the head first (linear probing, then fine-tuning: Kumar et al. 2022)."""

from __future__ import annotations

from factory.students.fitting import fit_network
from factory.students.lesson import Fitted, Lesson
from factory.students.pretrained import load_classifier


def train_full(lesson: Lesson) -> Fitted:
    """Return the base model with all its weights trained."""
    return fit_network(lesson, load_classifier(lesson))
