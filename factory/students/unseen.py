"""Label every row with a cheap student that was trained without it: logistic regression, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example
from factory.recipe import Task
from factory.recipe_students import Linear
from factory.students import head, regression
from factory.students.lesson import Lesson
from factory.students.linear import new_vectorizer

STUDENT = Linear(name="audit", method="linear")


def label_unseen(rows: Sequence[Example], features: Any, task: Task, folds: int) -> NDArray[np.float64]:
    """Return logits (rows, labels): for the rows of each of `folds`, of a student that learned from the others.

    `features` has a row for each of `rows`. The penalty is the one that serves the first fold best.
    """
    fold_of, penalty = share_out(rows, folds), 0.0
    logits = np.zeros((len(rows), len(task.names)))
    for fold in range(folds):
        learnt, unseen = fold_of != fold, fold_of == fold
        lesson = Lesson(_choose(rows, learnt), _choose(rows, unseen), task, STUDENT, Path())
        penalty = penalty or _find_penalty(lesson, features[learnt], features[unseen])
        weights, biases = regression.fit_regression(lesson, features[learnt], penalty)
        logits[unseen] = features[unseen] @ weights.T + biases
    return logits


def read_words(rows: Sequence[Example]) -> Any:
    """Return what the linear student reads of each row: TF-IDF of words and pairs of words, a sparse matrix."""
    return new_vectorizer().fit_transform([row.content for row in rows])


def share_out(rows: Sequence[Example], folds: int) -> NDArray[np.int64]:
    """Return the fold of each row; the rows of a label are spread evenly, whatever order they come in."""
    order = sorted(range(len(rows)), key=lambda place: (str(rows[place].answer), rows[place].id))
    fold_of = np.zeros(len(rows), dtype=np.int64)
    fold_of[order] = np.arange(len(rows)) % folds
    return fold_of


def _find_penalty(lesson: Lesson, features: Any, unseen: Any) -> float:
    penalties = head.PENALTIES if isinstance(features, np.ndarray) else regression.PENALTIES
    return float(regression.search_penalty(lesson, features, unseen, penalties)["penalty"])


def _choose(rows: Sequence[Example], chosen: NDArray[np.bool_]) -> list[Example]:
    return [row for row, is_chosen in zip(rows, chosen, strict=True) if is_chosen]
