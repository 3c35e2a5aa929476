"""The Trainer of transformers, set up for small classifiers on few rows.

Importing this module imports torch and transformers: stages import it when they run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from tqdm import tqdm  # type: ignore[import-untyped]
from transformers import (
    DataCollatorWithPadding,
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
from factory.recipe import Task
from factory.recipe_students import Trained
from factory.students.lesson import Lesson
from factory.students.networks import tokenize
from factory.students.validation import score_validation

PATIENCE = 3  # epochs without a better macro-F1 on validation rows before training stops
WARMUP = 0.1  # share of the steps in which the learning rate rises; then it falls to zero in a line
WEIGHT_DECAY = 0.01
LOGS_PER_EPOCH = 10
HALF = 0.5  # validation rows have all weight on their labels
Scores = dict[str, Any]
Loss = Callable[..., torch.Tensor]
Row = dict[str, Any]


def build_trainer(
    lesson: Lesson,
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    epochs: int,
    trainer_type: Callable[..., Trainer] | None = None,
) -> Trainer:
    """Return a Trainer that keeps its checkpoints in the lesson's place.

    It takes `epochs`, in which the learning rate falls to zero; with validation rows it stops earlier when PATIENCE
    epochs brought nothing better. Another `trainer_type` may compute another loss.
    """
    rows = encode(lesson.balanced_rows, tokenizer, network, lesson.task, soft=True)
    validation = encode(lesson.validation, tokenizer, network, lesson.task, soft=False)
    steps = -(-len(rows) // cast(Trained, lesson.student).batch_size)
    trainer = (trainer_type or Trainer)(
        network,
        _arguments(lesson, epochs, steps),
        DataCollatorWithPadding(tokenizer),
        rows,
        validation or None,
        compute_loss_func=_choose_loss(lesson, network),
        compute_metrics=lambda said: score_validation(lesson.task, said.label_ids > HALF, said.predictions),
        callbacks=[_Watch(lesson.student.name, steps * epochs)],
    )
    trainer.remove_callback(PrinterCallback)  # it prints on stdout
    return trainer


def read_scores(history: Sequence[Mapping[str, Any]]) -> list[Scores]:
    """Return macro-F1, accuracy and loss (and thresholds) on validation rows after each epoch from a Trainer's log."""
    names = ("macro_f1", "accuracy", "loss", "thresholds")
    found = [entry for entry in history if "eval_loss" in entry]
    return [{name: _rounded(entry[f"eval_{name}"]) for name in names if f"eval_{name}" in entry} for entry in found]


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
    rows: Sequence[Example],
    tokenizer: PreTrainedTokenizerFast,
    network: PreTrainedModel,
    task: Task,
    *,
    soft: bool,
) -> list[Row]:
    """Return what the network reads of each row, and its labels as weights, one for each label of the network.

    They are a distribution, or of a multi-label task a probability each. With `soft` they are the teacher's where it
    gave some, after knowledge distillation (Hinton et al. 2015); else all weight is on the row's label or labels.
    """
    names = list(network.config.label2id)
    targets = [_target(row, names, soft, task.kind == "multi-label") for row in rows]
    return [{**inputs, "labels": target} for inputs, target in zip(tokenize(tokenizer, rows), targets, strict=True)]


def _target(row: Example, names: Sequence[str], soft: bool, is_independent: bool) -> list[float]:
    told = row.probabilities if soft and row.probabilities else dict.fromkeys(row.given_labels, 1.0)
    weights = [max(told.get(name, 0.0), 0.0) for name in names]
    return weights if is_independent else [weight / sum(weights) for weight in weights]


def _arguments(lesson: Lesson, epochs: int, steps: int) -> TrainingArguments:
    student, has_gpu = cast(Trained, lesson.student), torch.cuda.is_available()
    return TrainingArguments(
        str(lesson.place),
        num_train_epochs=epochs,
        per_device_train_batch_size=student.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=student.lr,
        warmup_steps=WARMUP,
        weight_decay=WEIGHT_DECAY,
        optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length",
        bf16=has_bf16(),
        use_cpu=has_bf16() and not has_gpu,  # bf16 of a processor has to be asked for
        seed=student.seed,
        full_determinism=has_gpu,
        eval_strategy="epoch" if lesson.validation else "no",
        save_strategy="epoch",
        save_total_limit=1,
        logging_steps=max(steps // LOGS_PER_EPOCH, 1),
        logging_nan_inf_filter=False,
        dataloader_pin_memory=has_gpu,
        disable_tqdm=True,
        report_to="none",
    )


def _choose_loss(lesson: Lesson, network: PreTrainedModel) -> Loss:
    """Return the mean loss of a batch: cross-entropy, or of a multi-label task that of each label by itself."""
    weights = torch.tensor(lesson.label_weights, device=network.device) if lesson.label_weights else None
    of_rows = _independent if lesson.task.kind == "multi-label" else _exclusive

    def loss(outputs: Any, targets: torch.Tensor, num_items_in_batch: object = None) -> torch.Tensor:
        return of_rows(outputs["logits"].float(), targets, weights)

    return loss


def _exclusive(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits, targets, weights)


def _independent(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weights)


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


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
