"""A student without a network: a vector for each token, distilled from the base model, and a regression on their sum.

The vectors stay as they are. Training them too took 10 to 60 CPU-seconds instead of one and was no clear gain: 86 per
cent against 84 on AG News (2,000 gold rows), 53 to 59 against 61 on climate stances (200); one run each.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from factory.errors import TrainingError
from factory.recipe_students import Static
from factory.students.bags import STATIC, VectorReader, write_bag
from factory.students.lesson import Fitted, Lesson
from factory.students.quiet import quiet_transformers
from factory.students.regression import fit_regression, search_penalty

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DIMENSIONS = 256  # of a vector, after a principal component analysis
RARITY = 1e-4  # the weight of a token falls with its frequency (SIF: Arora et al. 2017), here guessed from its rank


def train_static(lesson: Lesson) -> Fitted:
    """Return token vectors and a regression on them; the search finds its penalty. Raises TrainingError."""
    tokenizer, vectors = distil_vectors(lesson.base)
    max_length = cast(Static, lesson.student).max_length
    read = VectorReader(tokenizer, vectors.astype(np.float32), max_length)
    features = read([row.content for row in lesson.labelled_rows])
    found = lesson.found or search_penalty(lesson, features, read([row.content for row in lesson.validation]))
    weights, biases = fit_regression(lesson, features, found["penalty"])
    trained = weights.size + biases.size

    def save(folder: Path) -> None:
        head = {"weights": weights.T.astype(np.float32), "biases": biases.astype(np.float32)}
        config = {"model_type": STATIC, "max_length": max_length}
        write_bag(folder, lesson, found.get("thresholds"), config, {"vectors": vectors, **head})
        tokenizer.save(str(folder / "tokenizer.json"))

    return Fitted(save, found | {"parameters": vectors.size + trained, "trained_parameters": trained})


def distil_vectors(base: Path) -> tuple[Tokenizer, Any]:
    """Return a tokenizer, and for each of its tokens a vector in float16: what the base model makes of it alone.

    A vector's length is its weight (model2vec); that of unknown tokens is zero. Raises TrainingError where the
    tokenizer is of a kind that cannot be converted.
    """
    from model2vec.distill import distill_from_model
    from transformers import AutoModel, AutoTokenizer

    try:
        with _quiet():
            network, words = AutoModel.from_pretrained(base, use_safetensors=True), AutoTokenizer.from_pretrained(base)
            size = min(DIMENSIONS, network.config.hidden_size)
            found = distill_from_model(network, words, device="cpu", pca_dims=size, sif_coefficient=RARITY)
    except ValueError as fault:
        said = str(fault).splitlines()[0]
        raise TrainingError(f"no vectors can be distilled from the base model ({said}); choose another") from fault
    vectors = found.embedding.astype(np.float16)
    if found.unk_token_id is not None:
        vectors[found.unk_token_id] = 0
    return found.tokenizer, vectors


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep remarks of the libraries to themselves, and show model2vec's progress bar on a terminal alone."""
    remarks = logging.getLogger("skeletoken")
    level = remarks.level
    remarks.setLevel(logging.ERROR)
    try:
        with quiet_transformers(), nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
            yield
    finally:
        remarks.setLevel(level)
