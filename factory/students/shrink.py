"""Depth and vocabulary cut: some layers and tokens of a larger network, taught by that network.

Layers are copied as for DistilBERT (Sanh et al. 2019) and hidden states matched as there and in TinyBERT (Jiao et al.
2020). Both come from the larger student where it has the base model's shape and tokens, else from the base model; a
larger student of another shape teaches by its probabilities alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.recipe_students import Shrink
from factory.students.distil import describe_distillation
from factory.students.fitting import fit_network
from factory.students.larger import ask_larger
from factory.students.layers import choose_layers, copy_layers, draw_layers
from factory.students.lesson import Fitted, Lesson
from factory.students.networks import tokenize
from factory.students.pooling import FAMILIES, averages_tokens
from factory.students.pretrained import load_classifier, load_tokenizer
from factory.students.vocabulary import prune_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SHAPE = ("model_type", "hidden_size", "num_attention_heads", "vocab_size")


def train_shrink(lesson: Lesson) -> Fitted:
    """Return a network with fewer layers, trained to say and to see what a larger one does.

    Raises TrainingError for layers that are not there, and for families or tokenizers that cannot be cut.
    """
    import torch

    from factory.students.distillation import Body, DistillationTrainer

    student = cast(Shrink, lesson.student)
    taught = ask_larger(lesson)
    source = load_classifier(replace(lesson, base=_find_source(lesson)))
    is_pooled = averages_tokens(lesson.base) and source.config.model_type in FAMILIES
    chosen = choose_layers(student, source.config.num_hidden_layers - is_pooled)
    folder, tokens = _choose_tokens(taught, source)
    smaller = _make_smaller(source, chosen, tokens, student, is_pooled)
    body = Body(source, [0, *(layer + 1 for layer in chosen)], torch.tensor(tokens))
    fitted = fit_network(replace(taught, base=folder), smaller, partial(DistillationTrainer, taught, body))
    shape = {"layers": chosen, "vocabulary_size": len(tokens), "init": student.init}
    return replace(fitted, facts=fitted.facts | describe_distillation(lesson) | shape)


def _find_source(lesson: Lesson) -> Path:
    """Return the folder of the network to cut."""
    if lesson.larger is None:
        return lesson.base
    larger, base = (json.loads((folder / "config.json").read_text()) for folder in (lesson.larger, lesson.base))
    is_alike = all(larger.get(name) == base.get(name) for name in SHAPE)
    return lesson.larger if is_alike and _vocabulary(lesson.larger) == _vocabulary(lesson.base) else lesson.base


def _vocabulary(folder: Path) -> dict[str, int]:
    from transformers import AutoTokenizer

    tokens: dict[str, int] = AutoTokenizer.from_pretrained(folder).get_vocab()
    return tokens


def _choose_tokens(lesson: Lesson, source: PreTrainedModel) -> tuple[Path, list[int]]:
    """Return the folder of the student's tokenizer, and the id of each of its tokens in the larger network."""
    if cast(Shrink, lesson.student).vocabulary == "all":
        return lesson.base, list(range(source.config.vocab_size))
    tokenizer, folder = load_tokenizer(lesson), lesson.place / "tokenizer"
    kept = prune_tokenizer(tokenizer, lesson.rows, folder)
    _check_tokens(tokenizer, load_tokenizer(replace(lesson, base=folder)), kept, lesson.rows)
    return folder, kept


def _check_tokens(
    larger: PreTrainedTokenizerFast, smaller: PreTrainedTokenizerFast, kept: list[int], rows: Sequence[Example]
) -> None:
    """Refuse a tokenizer that reads the rows otherwise than the one it was cut from."""
    for theirs, ours in zip(tokenize(larger, rows), tokenize(smaller, rows), strict=True):
        if [kept[token] for token in ours["input_ids"]] != theirs["input_ids"]:
            raise TrainingError(
                f"a {type(larger).__name__} reads texts otherwise once it is cut; set `vocabulary: all`"
            )


def _make_smaller(
    source: PreTrainedModel, chosen: list[int], tokens: list[int], student: Shrink, is_pooled: bool
) -> PreTrainedModel:
    from transformers import set_seed

    layers = [*chosen, source.config.num_hidden_layers - 1] if is_pooled else chosen
    set_seed(student.seed)
    if student.init == "random":
        return draw_layers(source, layers, tokens, is_pooled=is_pooled)
    return copy_layers(source, layers, tokens)
