"""The loss of knowledge distillation, and the Trainer that minimises it.

Importing this module imports torch and transformers: methods import it when they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity, log_softmax
from transformers import DataCollatorWithPadding, PreTrainedModel, Trainer, TrainingArguments

from factory.data.examples import Example
from factory.recipe_students import Distil
from factory.students.lesson import Lesson
from factory.students.trainer import Row

ABSENT = float("nan")  # in the place of an answer that nobody gave
HIDDEN_WEIGHT = 1.0  # of the loss on hidden states, beside the one on logits


@dataclass(frozen=True)
class Body:
    """A frozen network whose hidden states are to be reproduced.

    `states` are the places of its hidden states that the student's first ones shall resemble, one for each, embeddings
    first; `ids` (tokens of the student) tells the id that each of the student's tokens has here.
    """

    network: PreTrainedModel
    states: Sequence[int]
    ids: torch.Tensor


class DistillationTrainer(Trainer):  # type: ignore[misc]  # transformers is not followed
    """Learns two answers a row: a softened distribution and a label, either of which may be absent.

    With a body it also learns hidden states: the mean of one minus their cosine, over tokens and layers, as in
    DistilBERT (Sanh et al. 2019).
    """

    def __init__(
        self,
        lesson: Lesson,
        body: Body | None,
        network: PreTrainedModel,
        arguments: TrainingArguments,
        collator: DataCollatorWithPadding,
        rows: Sequence[Row],
        validation: Sequence[Row] | None,
        **settings: Any,
    ) -> None:
        answers = [answer_twice(row, lesson) for row in lesson.balanced_rows]
        taught = [{**row, "labels": both} for row, both in zip(rows, answers, strict=True)]
        super().__init__(network, arguments, collator, taught, validation, **settings)
        self._lesson, self._body = lesson, body
        if body:
            body.network.to(self.args.device).eval()

    def compute_loss(
        self,
        model: PreTrainedModel,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: object = None,
    ) -> Any:
        """Return the loss of a batch; validation rows, with one answer each, have the one of other methods."""
        if inputs["labels"].dim() == 2:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        soft, hard = inputs.pop("labels").unbind(1)
        outputs = model(**inputs, output_hidden_states=self._body is not None)
        loss = distillation_loss(outputs["logits"].float(), soft, hard, self._lesson)
        if self._body:
            loss = loss + HIDDEN_WEIGHT * self._hidden_loss(self._body, inputs, outputs["hidden_states"])
        return (loss, outputs) if return_outputs else loss

    def _hidden_loss(
        self, body: Body, inputs: dict[str, torch.Tensor], learned: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        device, tokens = self.args.device, inputs["attention_mask"].bool()
        read = {**inputs, "input_ids": body.ids.to(device)[inputs["input_ids"]]}
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=self.args.bf16):
            taught = body.network(**read, output_hidden_states=True)["hidden_states"]
        pairs = [(learned[place][tokens], taught[state][tokens]) for place, state in enumerate(body.states)]
        likeness = [cosine_similarity(ours.float(), theirs.float(), dim=-1).mean() for ours, theirs in pairs]
        return 1 - torch.stack(likeness).mean()


def answer_twice(row: Example, lesson: Lesson) -> list[list[float]]:
    """Return a row's probabilities at the student's temperature, and its labels: weights in the order of the task.

    At temperature T a probability is proportional to its T-th root, which is what dividing logits by T comes to; in a
    multi-label task each label is a distribution over yes and no.
    """
    names, absent = lesson.task.names, [ABSENT] * len(lesson.task.names)
    hard = absent if row.answer is None else [float(name in row.given_labels) for name in names]
    if not row.probabilities:
        return [absent, hard]
    told = [max(row.probabilities.get(name, 0.0), 0.0) for name in names]
    root = 1 / cast(Distil, lesson.student).temperature
    weights = [probability**root for probability in told]
    if lesson.task.kind == "multi-label":
        others = [max(1 - probability, 0.0) ** root for probability in told]
        return [[yes / (yes + no) for yes, no in zip(weights, others, strict=True)], hard]
    return [[weight / sum(weights) for weight in weights], hard]


def distillation_loss(logits: torch.Tensor, soft: torch.Tensor, hard: torch.Tensor, lesson: Lesson) -> torch.Tensor:
    """Return soft_weight T^2 KL(teacher, student) + (1 - soft_weight) cross-entropy, as a mean over rows.

    All three are of shape (rows, labels). A row without a distribution learns from its label alone, and one without a
    label from its distribution alone; multi-label tasks have binary terms, as a mean over labels (Hinton et al. 2015).
    """
    student, is_independent = cast(Distil, lesson.student), lesson.task.kind == "multi-label"
    has_soft, has_hard = ~soft.isnan().any(1, keepdim=True), ~hard.isnan().any(1, keepdim=True)
    soft, hard = soft.nan_to_num(), hard.nan_to_num()
    loss_of = _independent if is_independent else _exclusive
    by_distribution = student.temperature**2 * loss_of(logits / student.temperature, soft)
    share = student.soft_weight * has_soft
    terms = share * by_distribution + (1 - share) * has_hard * loss_of(logits, hard)
    if lesson.label_weights:
        weights = logits.new_tensor(lesson.label_weights)
        importance = weights if is_independent else hard @ weights[:, None]
        terms = terms * torch.where(has_hard, importance, 1.0)
    return terms.mean() if is_independent else terms.sum(1).mean()


def _exclusive(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the terms of KL(targets, softmax of logits); that of a label alone is its cross-entropy."""
    return torch.xlogy(targets, targets) - targets * log_softmax(logits, dim=1)


def _independent(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the terms of KL(targets, sigmoid of logits), label by label."""
    entropy = torch.xlogy(targets, targets) + torch.xlogy(1 - targets, 1 - targets)
    return binary_cross_entropy_with_logits(logits, targets, reduction="none") + entropy
