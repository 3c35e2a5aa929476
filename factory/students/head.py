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
from factory.students.regression import fit_regression, search_penalty

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # inverse strengths, of which validation chooses
Floats = NDArray[np.float32]


def train_head(lesson: Lesson) -> Fitted:
    """Return the base model with a trained head."""
    network, tokenizer = load_classifier(lesson), load_tokenizer(lesson)
    trained = sum(weight.numel() for weight in find_head(network).parameters())
    facts, found = count_parameters(network) | {"trained_parameters": trained}, _learn(lesson, network, tokenizer)
    return Fitted(lambda folder: save_network(network, tokenizer, folder, found.get("thresholds")), facts | found)


def train_head_first(lesson: Lesson, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Facts:
    """Set the head of `network` to what is best for its body as it is; return what the second pass needs for that."""
    return {"penalty": _learn(lesson, network, tokenizer)["penalty"]}


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


def _learn(lesson: Lesson, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Facts:
    """Set the head to the regression on what it reads, and return the search's facts of it."""
    read, head = read_features(network, tokenizer, lesson.labelled_rows), find_head(network)
    middle, spread = read.mean(axis=0), float(read.std()) or 1.0
    features, found = (read - middle) / spread, lesson.found
    if not found:
        validation = (read_features(network, tokenizer, lesson.validation) - middle) / spread
        found = search_penalty(lesson, features, validation, PENALTIES)
    weights, biases = fit_regression(lesson, features, found["penalty"])
    _set_head(head, weights / spread, biases - weights @ middle / spread)
    return found


def _set_head(head: Any, weights: Floats, biases: Floats) -> None:
    import torch

    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights.astype(np.float32)))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(biases.astype(np.float32)))


@contextmanager
def _listening(layer: Any) -> Iterator[list[Any]]:
    heard: list[Any] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    try:
        yield heard
    finally:
        hook.remove()
