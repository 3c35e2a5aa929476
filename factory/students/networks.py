"""What all methods that train a network do with it: read texts, count, write to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import Example
from factory.students.lesson import Facts

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BATCH_SIZE = 64


def tokenize(tokenizer: PreTrainedTokenizerFast, rows: Sequence[Example]) -> list[dict[str, Any]]:
    """Return what a network reads of each row: a text or a pair of texts, cut at the tokenizer's length."""
    if not rows:
        return []
    pairs = [row.text_pair for row in rows] if rows[0].text_pair is not None else None
    columns = tokenizer([row.text for row in rows], pairs, truncation=True)
    return [{name: values[place] for name, values in columns.items()} for place in range(len(rows))]


def batch_rows(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Example]
) -> Iterator[tuple[list[int], Any]]:
    """Yield places and inputs of rows of like length, for a network that only reads."""
    encoded = tokenize(tokenizer, rows)
    order = sorted(range(len(rows)), key=lambda place: len(encoded[place]["input_ids"]))
    network.eval()
    for start in range(0, len(order), BATCH_SIZE):
        places = order[start : start + BATCH_SIZE]
        batch = tokenizer.pad([encoded[place] for place in places], return_tensors="pt")
        yield places, batch.to(network.device)


def save_network(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path, thresholds: dict[str, float] | None
) -> None:
    """Write config.json, model.safetensors and the tokenizer; thresholds of a multi-label task go to the config."""
    if thresholds:
        network.config.thresholds = thresholds
    network.save_pretrained(folder)
    tokenizer.backend_tokenizer.no_truncation()  # or it would keep how the last batch was read
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(folder)


def count_parameters(network: PreTrainedModel) -> Facts:
    """Return how many numbers the network has, how many of them are trained, and how tokens become one vector.

    `pooling` is "mean" where a layer writes the mean of the tokens to the first one, else None.
    """
    numbers = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return {
        "pooling": getattr(network.config, "pooling", None),
        "parameters": sum(count for count, _ in numbers),
        "trained_parameters": sum(count for count, is_trained in numbers if is_trained),
    }
