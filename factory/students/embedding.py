"""Read texts with a base model as it is: a vector each, the mean of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example
from factory.recipe import Task
from factory.recipe_students import Head
from factory.students.lesson import Lesson
from factory.students.networks import batch_rows
from factory.students.pretrained import load_classifier, load_tokenizer
from factory.students.quiet import quiet_transformers

Floats = NDArray[np.float32]


def embed_rows(rows: Sequence[Example], task: Task, reader: Head, base: Path) -> Floats:
    """Return an array of shape (rows, hidden size), centred and scaled as the features of a head are.

    `reader` says how much of a text is read. Raises TrainingError for a base model that cannot be used.
    """
    found = read_vectors(rows, task, reader, base)
    found -= found.mean(axis=0)
    found /= float(found.std()) or 1.0
    return found


def read_vectors(rows: Sequence[Example], task: Task, reader: Head, base: Path) -> Floats:
    """Return an array of shape (rows, hidden size), the means as they are; raises as `embed_rows` does."""
    import torch

    lesson = Lesson(rows=rows, validation=(), task=task, student=reader, place=Path(), base=base)
    with quiet_transformers():
        network, tokenizer = load_classifier(lesson), load_tokenizer(lesson)
        found = np.zeros((len(rows), network.config.hidden_size), dtype=np.float32)
        for places, batch in batch_rows(network.base_model, tokenizer, rows):
            with torch.inference_mode():
                tokens = network.base_model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None].float()
            found[places] = ((tokens * mask).sum(1) / mask.sum(1)).float().cpu().numpy()
    return found
