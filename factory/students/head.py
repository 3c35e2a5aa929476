"""Train the head on a frozen body: logistic regression on what the last layer of the classifier reads.

Alone it is the method `head`; before full fine-tuning it keeps the first steps from spoiling the features (linear
probing, then fine-tuning: Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example
from factory.students.lesson import Facts, Fitted, Lesson
from factory.students.networks import batch_rows, count_parameters, save_network
from factory.students.pretrained import load_classifier, load_tokenizer
from factory.students.validation import as_truth, mean_loss, score_validation

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # inverse strengths, of which validation chooses
ABSENT = -5.0  # logit of a label that no row has
MAX_STEPS = 3_000
Floats = NDArray[np.float32]


def train_head(lesson: Lesson) -> Fitted:
    """Return the base model with a trained head."""
    network, tokenizer = load_classifier(lesson), load_tokenizer(lesson)
    head = find_head(network)
    facts = count_parameters(network) | {"trained_parameters": sum(weight.numel() for weight in head.parameters())}
    features = read_features(network, tokenizer, lesson.labelled_rows)
    found = lesson.found or _search(lesson, features, read_features(network, tokenizer, lesson.validation))
    _set_head(head, *solve(lesson, features, found["penalty"]))
    return Fitted(lambda folder: save_network(network, tokenizer, folder, found.get("thresholds")), facts | found)


def train_head_first(lesson: Lesson, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Facts:
    """Set the head of `network` to what is best for its body as it is; return what the second pass needs for that."""
    features = read_features(network, tokenizer, lesson.labelled_rows)
    found = lesson.found or _search(lesson, features, read_features(network, tokenizer, lesson.validation))
    _set_head(find_head(network), *solve(lesson, features, found["penalty"]))
    return {"penalty": found["penalty"]}


def find_head(network: PreTrainedModel) -> Any:
    """Return the linear layer that gives the logits: the last one with an output for each label."""
    from torch.nn import Linear

    layers = [layer for layer in network.modules() if isinstance(layer, Linear)]
    return [layer for layer in layers if layer.out_features == network.config.num_labels][-1]


def read_features(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Example]) -> Floats:
    """Return what the head reads of each row, of shape (rows, hidden size); a decoder's head reads the last token."""
    import torch

    found = np.zeros((len(rows), find_head(network).in_features), dtype=np.float32)
    with _listening(find_head(network)) as heard:
        for places, batch in batch_rows(network, tokenizer, rows):
            with torch.inference_mode():
                network(**batch)
            read = heard.pop()
            if read.dim() == 3:
                read = read[torch.arange(len(places)), batch["attention_mask"].sum(1) - 1]
            found[places] = read.float().cpu().numpy()
    return found


def solve(lesson: Lesson, features: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Return weights (labels, hidden size) and biases (labels) of the regression on the lesson's labelled rows."""
    middle, spread = features.mean(axis=0), float(features.std()) or 1.0
    scaled, rows, names = (features - middle) / spread, lesson.labelled_rows, lesson.task.names
    weights = np.zeros((len(names), features.shape[1]), dtype=np.float32)
    biases = np.full(len(names), ABSENT, dtype=np.float32)
    for place, row_weights, bias in _regress(scaled, rows, lesson, penalty):
        weights[place], biases[place] = row_weights, bias
    weights /= spread
    return weights, biases - np.where(biases == ABSENT, 0, weights @ middle)


def _regress(
    features: Floats, rows: Sequence[Example], lesson: Lesson, penalty: float
) -> Iterator[tuple[int, Any, float]]:
    """Yield place, weights and bias of each label that tells rows apart."""
    from sklearn.linear_model import LogisticRegression

    names = lesson.task.names
    weights = dict(zip(names, lesson.label_weights or [1.0] * len(names), strict=True))
    importance = [max((weights[label] for label in row.given_labels), default=1.0) for row in rows]
    answers = [row.given_labels for row in rows]
    if lesson.task.kind == "multi-label":
        targets = {place: [name in answer for answer in answers] for place, name in enumerate(names)}
        for place, target in targets.items():
            if 0 < sum(target) < len(target):
                model = LogisticRegression(C=penalty, max_iter=MAX_STEPS).fit(features, target, importance)
                yield place, model.coef_[0], float(model.intercept_[0])
        return
    classes = [names.index(answer[0]) for answer in answers]
    if len(set(classes)) == 1:
        yield classes[0], np.zeros(features.shape[1]), 0.0
        return
    model = LogisticRegression(C=penalty, max_iter=MAX_STEPS).fit(features, classes, importance)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # two labels share one line
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.array([-1, 1]) * intercepts / 2
    yield from zip(model.classes_, coefficients, intercepts, strict=True)


def _search(lesson: Lesson, features: Floats, validation: Floats) -> Facts:
    """Return the penalty of the least loss on validation rows, with its scores; and thresholds, if labels combine.

    The loss tells penalties apart where few rows give equal scores, and a head that is not too sure of itself is what
    the weights beneath it can be trained with.
    """
    truth = as_truth(lesson.validation, lesson.task)
    tried = []
    for penalty in PENALTIES:
        weights, biases = solve(lesson, features, penalty)
        logits = validation @ weights.T + biases
        scores = score_validation(lesson.task, truth, logits)
        tried.append({"penalty": penalty, "loss": mean_loss(lesson.task, truth, logits), **scores})
    return min(tried, key=lambda facts: (facts["loss"], facts["penalty"]))


def _set_head(head: Any, weights: Floats, biases: Floats) -> None:
    import torch

    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(biases))


@contextmanager
def _listening(layer: Any) -> Iterator[list[Any]]:
    heard: list[Any] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    try:
        yield heard
    finally:
        hook.remove()
