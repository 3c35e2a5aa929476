"""A teacher on this machine: a language model that is read by the probabilities it gives to the labels.

It is asked for a label and its meaning (`prompts.ScorePrompt`), its answer is begun for it, and each possible one is
scored by the mean log-probability of its tokens; the mean, because a sum would prefer short ones. With `calibrate`,
the probabilities are then divided by their mean over the set of texts and normalised again (batch calibration, Zhou et
al. 2024), which takes out what the model thinks before it has read anything, and supposes that no label is rare. Such
a teacher can be unsure, and says so in its probabilities, but it does not refuse.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from factory.data.examples import Example, Text, parts_of
from factory.errors import TeacherError
from factory.recipe import Generate, LocalTeacher, Task
from factory.store import digest_of, hash_files
from factory.teacher import Answer, Usage
from factory.teacher.prompts import SCORE, SCORE_PAIR, ScorePrompt

log = logging.getLogger("factory")

CALIBRATION_TEXTS_PER_LABEL = 10  # a mean over fewer says more about the texts than about the model


class LanguageModel:
    """Labels with a causal language model in a folder; `find_folder` is called when it is first needed."""

    def __init__(self, settings: LocalTeacher, find_folder: Callable[[], Path]) -> None:
        self.name = settings.local
        self.usage = Usage()
        self._settings = settings
        self._find_folder = find_folder

    @cached_property
    def folder(self) -> Path:
        """Where the model's files are."""
        return self._find_folder()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The model's files, and how it is read."""
        files = digest_of(hash_files(self.folder))
        prompt = digest_of([SCORE, SCORE_PAIR, ScorePrompt.begin])[:12]
        return {"local": files, "calibrate": self._settings.calibrate, "prompt": prompt}

    def label(self, texts: Sequence[Text], task: Task) -> list[Answer]:
        """Return the most probable label of each text, the probabilities of all, and the largest as `confidence`.

        Raises TeacherError when the folder holds no language model that can be used, and for a multi-label task:
        labels that are scored against each other do not say how many of them apply.
        """
        if task.kind == "multi-label":
            raise TeacherError(f"{self.name} is a local teacher, which finds the one best label; use a server instead")
        if not texts:
            return []
        unique = sorted(set(texts), key=_length_first)  # neighbours of equal length, in any order
        probabilities = self._score(unique, task)
        if self._settings.calibrate and _is_enough(len(unique), len(task.labels)):
            probabilities = calibrate(probabilities)
        found = dict(zip(unique, map(tuple, probabilities.tolist()), strict=True))
        return [_choose(found[text], task.names) for text in texts]

    def write(self, task: Task, generate: Generate) -> list[Example]:
        """Raise TeacherError: small models on this machine are read, not believed."""
        raise TeacherError(f"{self.name} is a local teacher, which only labels; use a server to write texts")

    def _score(self, texts: list[Text], task: Task) -> np.ndarray[Any, np.dtype[np.float64]]:
        from factory.teacher.scoring import AnswerScorer  # brings torch

        scorer, prompt = AnswerScorer(self.folder, self._settings.batch_size), ScorePrompt(task)
        prompts = [scorer.tokenize(prompt.messages(text), prompt.begin) for text in texts]
        return scorer.score(prompts, prompt.answers).softmax(-1).numpy()


def calibrate(probabilities: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Divide by the mean over the rows and normalise again (batch calibration, Zhou et al. 2024): (texts, labels)."""
    shifted = probabilities / probabilities.mean(axis=0)
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _length_first(text: Text) -> tuple[int, tuple[str, ...]]:
    parts = parts_of(text)
    return sum(map(len, parts)), parts


def _is_enough(texts: int, labels: int) -> bool:
    needed = CALIBRATION_TEXTS_PER_LABEL * labels
    if texts < needed:
        log.warning("%d texts are too few to calibrate on (%d are needed); using raw probabilities", texts, needed)
    return texts >= needed


def _choose(row: tuple[float, ...], labels: list[str]) -> Answer:
    best = max(row)
    if row.count(best) > 1:
        return Answer(None, "undecided")
    shares = {label: round(share, 6) for label, share in zip(labels, row, strict=True)}
    return Answer(labels[row.index(best)], None, round(best, 6), shares)
