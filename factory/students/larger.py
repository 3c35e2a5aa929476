"""What a larger student says of the rows that a smaller one learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.students.lesson import Lesson
from factory.students.networks import batch_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ANSWERS = "larger.npy"


def ask_larger(lesson: Lesson) -> Lesson:
    """Return the lesson with unlabelled texts among its rows, and the larger student's probabilities in each.

    They take the place of the teacher's; without a larger student the lesson stays as it is. They are computed once:
    an attempt that was killed left them in the lesson's place. Raises TrainingError when that student has no network.
    """
    if lesson.larger is None:
        return lesson
    rows, file = [*lesson.rows, *lesson.unlabelled], lesson.place / ANSWERS
    if not file.is_file():
        _write(file, _read_probabilities(lesson, rows))
    told = np.load(file).tolist()
    names, pairs = lesson.task.names, zip(rows, told, strict=True)
    answered = [replace(row, probabilities=dict(zip(names, given, strict=True))) for row, given in pairs]
    return replace(lesson, rows=answered)


def _write(file: Path, values: NDArray[np.float64]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npy")
    np.save(partial, values)
    partial.replace(file)


def _read_probabilities(lesson: Lesson, rows: list[Example]) -> NDArray[np.float64]:
    """Return probabilities of shape (rows, labels of the task), each by itself in a multi-label task."""
    import torch
    from transformers import AutoTokenizer

    network = _load_larger(lesson)
    columns = [network.config.label2id[name] for name in lesson.task.names]
    logits = np.zeros((len(rows), len(columns)))
    for places, batch in batch_rows(network, AutoTokenizer.from_pretrained(lesson.larger), rows):
        with torch.inference_mode():
            logits[places] = network(**batch).logits.float().cpu().numpy()[:, columns]
    if lesson.task.kind == "multi-label":
        return np.asarray(1 / (1 + np.exp(-logits)))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _load_larger(lesson: Lesson) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForSequenceClassification

    try:
        network: Any = AutoModelForSequenceClassification.from_pretrained(
            lesson.larger, use_safetensors=True, dtype="float32"
        )
    except ValueError as fault:
        raise TrainingError(
            f"students: {lesson.student.name}: its `teacher` is a student without a network; name one whose method "
            f"trains a network, such as full"
        ) from fault
    return network.to("cuda" if torch.cuda.is_available() else "cpu")
