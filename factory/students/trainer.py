"""The Trainer of transformers, set up for small classifiers on few rows.

Importing this module imports torch and transformers: stages import it when they run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import accuracy_score, f1_score
from tqdm import tqdm  # type: ignore[import-untyped]
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.recipe import Student

PATIENCE = 3  # epochs without a better macro-F1 on validation rows before training stops
WARMUP = 0.1  # share of the steps in which the learning rate rises; then it falls to zero in a line
WEIGHT_DECAY = 0.01
LOGS_PER_EPOCH = 10
Scores = dict[str, float]
Row = dict[str, Any]


def build_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    student: Student,
    place: Path,
    rows: Sequence[Example],
    validation: Sequence[Example] = (),
    *,
    epochs: int,
) -> Trainer:
    """Return a Trainer that keeps its checkpoints in `place`.

    It takes `epochs` over `rows`, in which the learning rate falls to zero; with validation rows it stops earlier when
    PATIENCE epochs brought nothing better.
    """
    steps = -(-len(rows) // student.batch_size)
    trainer = Trainer(
        model,
        _arguments(student, place, epochs, steps, validates=bool(validation)),
        DataCollatorWithPadding(tokenizer),
        encode(rows, tokenizer, model, soft=True),
        encode(validation, tokenizer, model, soft=False) if validation else None,
        compute_loss_func=_cross_entropy,
        compute_metrics=_score,
        callbacks=[_Watch(student.name, steps * epochs)],
    )
    trainer.remove_callback(PrinterCallback)  # it prints on stdout
    return trainer


def read_scores(history: Sequence[Mapping[str, float]]) -> list[Scores]:
    """Return macro-F1, accuracy and loss on validation rows after each epoch from a Trainer's log."""
    names = ("macro_f1", "accuracy", "loss")
    return [{name: round(entry[f"eval_{name}"], 6) for name in names} for entry in history if "eval_loss" in entry]


def best_epoch(scores: Sequence[Scores]) -> int:
    """Return the first epoch with the highest macro-F1, counted from 1; 0 before the first."""
    return max(range(1, len(scores) + 1), key=lambda epoch: (scores[epoch - 1]["macro_f1"], -epoch), default=0)


def is_exhausted(scores: Sequence[Scores]) -> bool:
    """Whether the last PATIENCE epochs brought nothing better."""
    return len(scores) - best_epoch(scores) >= PATIENCE


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 natively; elsewhere autocast is slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def encode(
    rows: Sequence[Example], tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel, *, soft: bool
) -> list[Row]:
    """Return what the model reads of each row, and the label as a distribution over the model's labels.

    With `soft` that is the teacher's distribution where it gave one, after knowledge distillation (Hinton et al.
    2015); else all weight is on the row's label.
    """
    numbers = model.config.label2id
    columns = tokenizer([row.text for row in rows], truncation=True)
    encoded = [{name: values[row] for name, values in columns.items()} for row in range(len(rows))]
    return [{**inputs, "labels": _target(row, numbers, soft)} for inputs, row in zip(encoded, rows, strict=True)]


def _target(row: Example, numbers: Mapping[str, int], soft: bool) -> list[float]:
    told = row.probabilities if soft and row.probabilities else {row.label: 1.0}
    weights = [max(told.get(label, 0.0), 0.0) for label in numbers]
    return [weight / sum(weights) for weight in weights]


def _arguments(student: Student, place: Path, epochs: int, steps: int, *, validates: bool) -> TrainingArguments:
    return TrainingArguments(
        str(place),
        num_train_epochs=epochs,
        per_device_train_batch_size=student.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=student.lr,
        warmup_steps=WARMUP,
        weight_decay=WEIGHT_DECAY,
        optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length",
        bf16=has_bf16(),
        seed=student.seed,
        full_determinism=torch.cuda.is_available(),
        eval_strategy="epoch" if validates else "no",
        save_strategy="epoch",
        save_total_limit=1,
        logging_steps=max(steps // LOGS_PER_EPOCH, 1),
        logging_nan_inf_filter=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        report_to="none",
    )


def _cross_entropy(outputs: Any, targets: torch.Tensor, num_items_in_batch: object = None) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(outputs["logits"].float(), targets)


def _score(prediction: EvalPrediction) -> Scores:
    truth, predicted = prediction.label_ids.argmax(-1), prediction.predictions.argmax(-1)
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
    }


class _Watch(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Ends training when nothing gets better or the loss is lost, and shows how far it is on a terminal."""

    def __init__(self, name: str, steps: int) -> None:
        self._name = name
        self._bar = tqdm(desc=name, total=steps, unit="step", file=sys.stderr, disable=None, dynamic_ncols=True)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, *_: Any, **__: Any) -> None:
        self._bar.update(state.global_step)
        self._bar.unpause()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._bar.update()

    def on_log(self, args: TrainingArguments, state: TrainerState, *_: Any, **__: Any) -> None:
        shown = {name.removeprefix("eval_"): value for name, value in state.log_history[-1].items()}
        if not abs(shown.get("loss", 0.0)) < float("inf"):
            raise TrainingError(
                f"the loss of {self._name} is no longer a number after {state.global_step} steps; lower its `lr`"
            )
        self._bar.set_postfix({name: shown[name] for name in ("loss", "macro_f1") if name in shown})

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_training_stop = is_exhausted(read_scores(state.log_history))

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self._bar.close()
