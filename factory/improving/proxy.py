"""A cheap student in place of those of the recipe, so that a round does not cost a training (Coleman et al. 2020)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example, read_examples
from factory.recipe import Task
from factory.recipe_students import Head
from factory.store import Artifact

FOLDS = 5
LEARNT = ("train", "validation")
Floats = NDArray[np.float64]
Json = dict[str, Any]


class Reader(TypedDict):
    """How the cheap student reads: with the base model of a head or, without one, by words."""

    base: Artifact | None
    settings: Head | None


def ask_proxy(
    splits: Artifact,
    first: Artifact,
    development: Artifact | None,
    pool: Artifact | None,
    reader: Reader,
    task: Task,
    *,
    out: Path,
) -> None:
    """Write what logistic regression on the training and validation rows of `splits` says of other rows.

    `judged.jsonl` has id, truth and said: of the development part of gold or, without gold, of the training and
    validation rows of the `first` splits, each read by a student that has not learned it, with the teacher's answer
    for truth. `margins.jsonl` has id and margin of the texts in `pool`: the difference between the two most probable
    labels, or in a multi-label task how far the most doubtful label is from a half, from 0 to 1. Raises TrainingError.
    """
    train, validation = (read_examples(splits.path / f"{part}.jsonl") for part in LEARNT)
    rows, waiting = [*train, *validation], read_examples(pool.path / "texts.jsonl") if pool else []
    judged = _read_judged(first, development)
    learnt, features, others = read_features([rows, judged, waiting], reader, task)
    proxy = Proxy(rows, learnt, task, find_penalty(train, validation, learnt, task))
    logits = proxy.read(features) if development else proxy.read_unlearned(judged, features)
    answers = zip(judged, decide(logits, task), strict=True)
    _write(out / "judged.jsonl", ({"id": row.id, "truth": row.answer, "said": said} for row, said in answers))
    margins = measure_margins(proxy.read(others), task).tolist() if waiting else []
    doubts = zip(waiting, margins, strict=True)
    _write(out / "margins.jsonl", ({"id": row.id, "margin": round(margin, 6)} for row, margin in doubts))


class Proxy:
    """Logistic regression on `features`, which has a row for each of `rows`."""

    def __init__(self, rows: Sequence[Example], features: Any, task: Task, penalty: float) -> None:
        self._rows, self._features, self._task, self._penalty = rows, features, task, penalty

    def read(self, features: Any, but: frozenset[str] = frozenset()) -> Floats:
        """Return logits (rows, labels) of a student of all rows but those with the ids `but`."""
        from factory.students.lesson import Lesson
        from factory.students.regression import fit_regression
        from factory.students.unseen import STUDENT

        places = [place for place, row in enumerate(self._rows) if row.id not in but]
        lesson = Lesson([self._rows[place] for place in places], (), self._task, STUDENT, Path())
        weights, biases = fit_regression(lesson, self._features[places], self._penalty)
        return np.asarray(features @ weights.T + biases)

    def read_unlearned(self, judged: Sequence[Example], features: Any) -> Floats:
        """Return logits (rows, labels) of `judged`, fold by fold, each of a student that has not learned its fold."""
        from factory.students.unseen import share_out

        fold_of = share_out(judged, FOLDS)
        logits = np.zeros((len(judged), len(self._task.names)))
        for fold in sorted(set(fold_of.tolist())):
            part = np.flatnonzero(fold_of == fold).tolist()
            logits[part] = self.read(features[part], frozenset(judged[place].id for place in part))
        return logits


def read_features(groups: Sequence[Sequence[Example]], reader: Reader, task: Task) -> list[Any]:
    """Return the features of each group of rows; words are weighed by those of the first."""
    base, settings = reader["base"], reader["settings"]
    if base and settings:
        from factory.students.embedding import embed_rows

        vectors = embed_rows([row for group in groups for row in group], task, settings, base.path)
        return np.split(vectors, np.cumsum([len(group) for group in groups])[:-1])
    from factory.students.linear import new_vectorizer

    vectorizer = new_vectorizer().fit([row.content for row in groups[0]])
    return [vectorizer.transform([row.content for row in group]) if group else None for group in groups]


def find_penalty(train: Sequence[Example], validation: Sequence[Example], features: Any, task: Task) -> float:
    """Return the penalty that serves validation rows best; `features` has the training rows first."""
    from factory.students import head, regression
    from factory.students.lesson import Lesson
    from factory.students.unseen import STUDENT

    lesson = Lesson(train, validation, task, STUDENT, Path())
    penalties = head.PENALTIES if isinstance(features, np.ndarray) else regression.PENALTIES
    found = regression.search_penalty(lesson, features[: len(train)], features[len(train) :], penalties)
    return float(found["penalty"])


def decide(logits: Floats, task: Task) -> list[str | list[str]]:
    """Return the most probable label of each row, or in a multi-label task those above a half."""
    if task.kind != "multi-label":
        return [task.names[place] for place in logits.argmax(axis=1).tolist()]
    return [[name for name, logit in zip(task.names, row, strict=True) if logit > 0] for row in logits.tolist()]


def measure_margins(logits: Floats, task: Task) -> Floats:
    """Return how sure a student is of each row, from 0 to 1."""
    if task.kind == "multi-label":
        return np.asarray(np.abs(np.tanh(logits / 2)).min(axis=1))
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    ranked = np.sort(likely / likely.sum(axis=1, keepdims=True), axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2])


def _read_judged(first: Artifact, development: Artifact | None) -> list[Example]:
    if development:
        return read_examples(development.path / "gold.jsonl")
    return [row for part in LEARNT for row in read_examples(first.path / f"{part}.jsonl")]


def _write(path: Path, rows: Iterable[Json]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
