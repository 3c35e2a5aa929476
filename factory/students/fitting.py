"""Train a network by gradient, in either pass, and go on where an attempt was killed."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from factory.recipe_students import Trained
from factory.students.head import train_head_first
from factory.students.lesson import Facts, Fitted, Lesson
from factory.students.networks import count_parameters, save_network
from factory.students.pretrained import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast, Trainer

log = logging.getLogger("factory")


def fit_network(
    lesson: Lesson, network: PreTrainedModel, trainer_type: Callable[..., Trainer] | None = None
) -> Fitted:
    """Train `network` (what of it takes gradients) and return it.

    In the search, validation rows end the training when PATIENCE epochs brought nothing better. In the second pass it
    takes as many epochs as the search did, the learning rate falling to zero.
    """
    tokenizer = load_tokenizer(lesson)
    last, first = last_checkpoint(lesson.place), cast(Trained, lesson.student).head_first
    facts = train_head_first(lesson, network, tokenizer) if first else {}
    facts |= count_parameters(network) | _run(lesson, network, tokenizer, last, trainer_type)
    return Fitted(lambda folder: save_network(network, tokenizer, folder, lesson.found.get("thresholds")), facts)


def _run(
    lesson: Lesson,
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    last: Path | None,
    trainer_type: Callable[..., Trainer] | None,
) -> Facts:
    from factory.students.trainer import best_epoch, build_trainer, has_bf16, is_exhausted, read_scores

    epochs: int = lesson.found.get("epochs") or cast(Trained, lesson.student).epochs or 1
    trainer = build_trainer(lesson, network, tokenizer, epochs, trainer_type)
    scores = read_scores(read_history(last)) if last and lesson.validation else []
    if len(scores) < epochs and not is_exhausted(scores):
        trainer.train(resume_from_checkpoint=last and str(last))
        scores = read_scores(trainer.state.log_history)
    if not lesson.validation:
        return {"epochs": epochs}
    best, name = best_epoch(scores), lesson.student.name
    log.info("%s: best on validation rows after epoch %d (macro-F1 %.3f)", name, best, scores[best - 1]["macro_f1"])
    precision = "bf16" if has_bf16() else "fp32"
    return {"epochs": len(scores), "best_epoch": best, "validation": scores, "precision": precision} | scores[best - 1]


def last_checkpoint(place: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, None without one; others are removed."""
    found = {}
    for folder in place.glob("checkpoint-*"):
        try:
            found[json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))["global_step"]] = folder
        except (FileNotFoundError, json.JSONDecodeError):  # the state is what a Trainer writes last
            shutil.rmtree(folder)
    return found[max(found)] if found else None


def read_history(checkpoint: Path) -> list[dict[str, Any]]:
    """Return the log of the training that a checkpoint belongs to."""
    history: list[dict[str, Any]] = json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]
    return history
