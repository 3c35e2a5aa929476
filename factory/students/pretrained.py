"""A base model as a classifier of the recipe's labels: plain safetensors and a fast tokenizer, never code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from factory.errors import TrainingError
from factory.recipe_students import Based
from factory.students.lesson import Lesson
from factory.students.pooling import add_mean_pooling, averages_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

VOCABULARIES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def load_classifier(lesson: Lesson) -> PreTrainedModel:
    """Return the base model with a new head of one output a label, drawn from the student's seed.

    A base that was made to be read by the mean of its tokens is read so (`pooling`). Raises TrainingError when the
    folder needs code of its own, has no safetensors, or nothing that can classify.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, set_seed

    folder, student = lesson.base, cast(Based, lesson.student)
    _check_files(folder, student)
    set_seed(student.seed)
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=_read_config(lesson),
            use_safetensors=True,
            dtype="float32",
            ignore_mismatched_sizes=True,  # the head of a base that is a classifier already
            output_loading_info=True,
        )
    except (SafetensorError, OSError) as fault:
        raise TrainingError(f"{student.base_model}: its weights cannot be read ({_one_line(fault)})") from fault
    _check_weights(model, found, student)
    if averages_tokens(folder):
        add_mean_pooling(model)
    return model


def load_tokenizer(lesson: Lesson) -> PreTrainedTokenizerFast:
    """Return the base model's tokenizer, cutting texts at the student's `max_length`; or raise TrainingError.

    A decoder's tokenizer pads with its end-of-text token, as it has none for the purpose.
    """
    from transformers import AutoTokenizer

    folder, student = lesson.base, cast(Based, lesson.student)
    if not any((folder / file).is_file() for file in VOCABULARIES):  # transformers would make one that knows no word
        raise TrainingError(f"{student.base_model}: has no tokenizer; choose a base model with tokenizer.json")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise TrainingError(
            f"{student.base_model}: has no usable tokenizer ({_one_line(fault)}); choose a model with tokenizer.json"
        ) from fault
    tokenizer.padding_side = "right"
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    if not tokenizer.is_fast or tokenizer.pad_token is None:
        lack = "padding token" if tokenizer.is_fast else "tokenizer.json"
        raise TrainingError(f"{student.base_model}: its tokenizer has no {lack}; choose an encoder such as a BERT")
    if student.max_length > tokenizer.model_max_length:
        raise TrainingError(
            f"students: {student.name}: max_length is {student.max_length} tokens, but {student.base_model} takes "
            f"{tokenizer.model_max_length}; lower it"
        )
    tokenizer.model_max_length = student.max_length
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def _check_files(folder: Path, student: Based) -> None:
    name = student.base_model
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{name}: has no config.json; give base_model the id or folder of a transformers model")
    for file in ("config.json", "tokenizer_config.json"):
        if (folder / file).is_file() and "auto_map" in json.loads((folder / file).read_text(encoding="utf-8")):
            raise TrainingError(
                f"{name}: needs code of its own (auto_map in {file}), which is never run; choose another"
            )
    if not any((folder / file).is_file() for file in WEIGHTS):
        raise TrainingError(f"{name}: has no model.safetensors; choose a base model whose weights are safetensors")


def _read_config(lesson: Lesson) -> Any:
    from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, AutoConfig

    folder, student, names = lesson.base, cast(Based, lesson.student), dict(enumerate(lesson.task.names))
    kind = "multi_label_classification" if lesson.task.kind == "multi-label" else "single_label_classification"
    try:
        config = AutoConfig.from_pretrained(
            folder,
            id2label=names,
            label2id={name: number for number, name in names.items()},
            problem_type=kind,
        )
    except (ValueError, KeyError, OSError) as fault:
        raise TrainingError(f"{student.base_model}: its config.json cannot be used ({_one_line(fault)})") from fault
    if config.pad_token_id is None:
        config.pad_token_id = config.eos_token_id
    if lesson.task.kind == "pair":
        config.text_pair = True
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise TrainingError(
            f"{student.base_model}: a {config.model_type} cannot classify texts; choose an encoder such as a BERT"
        )
    return config


def _check_weights(model: PreTrainedModel, found: dict[str, Any], student: Based) -> None:
    """Refuse weights that left a part of the encoder at random: a head may be new, and the pooler that feeds it."""
    encoder = f"{model.base_model_prefix}."
    mismatched = [key[0] if isinstance(key, tuple) else key for key in found["mismatched_keys"]]
    random = [key for key in [*found["missing_keys"], *mismatched] if key.startswith(encoder) and "pooler" not in key]
    if random:
        raise TrainingError(
            f"{student.base_model}: its weights do not fit its config.json ({len(random)} tensors such as "
            f"{min(random)} are missing or of another shape); choose another base model"
        )


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200]
