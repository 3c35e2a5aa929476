"""Read what a base model would say next, at the places where an answer is told by; needs torch."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import TrainingError
from factory.modules.wording import Node, Tokens, Wording

if TYPE_CHECKING:
    from torch import Tensor

BATCH_SIZE = 16
Batch = tuple[list[int], "Tensor"]  # places of texts, and log-probabilities of shape (texts, nodes, vocabulary)


def load_base(folder: Path, place: str) -> Any:
    """Return the language model in `folder` in float32, not in training; raises TrainingError where there is none."""
    import torch
    from transformers import AutoModelForCausalLM

    from factory.students.quiet import quiet_transformers

    try:
        with quiet_transformers():
            network = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError) as fault:
        said = " ".join(str(fault).split())[:200]
        raise TrainingError(f"{place}: no language model can be loaded ({said}); choose another base model") from fault
    return network.eval()


def load_tokenizer(folder: Path, place: str) -> Any:
    """Return the tokenizer in `folder`; raises TrainingError where there is none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as fault:
        raise TrainingError(f"{place}: no tokenizer can be loaded; choose another base model") from fault


def read_prefix(network: Any, wording: Wording) -> Any:
    """Return the key-value cache of the prompt, of one sequence."""
    import torch

    with torch.inference_mode():
        return network(torch.tensor([wording.prefix]), use_cache=True, logits_to_keep=1).past_key_values


def read_all(
    network: Any, wording: Wording, texts: Sequence[Tokens], prefix: Any = None, size: int = BATCH_SIZE
) -> Iterator[Batch]:
    """Yield batches of log-probabilities, texts of like length together; the order given does not matter."""
    import torch

    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), texts[place]))
    with torch.inference_mode():
        for first in range(0, len(order), size):
            places = order[first : first + size]
            yield places, read_nodes(network, wording, [texts[place] for place in places], prefix)


def read_nodes(network: Any, wording: Wording, texts: Sequence[Tokens], prefix: Any = None) -> Tensor:
    """Return log-probabilities of the next token at every node after each text: (texts, nodes, vocabulary).

    With the cache of a prompt as `prefix` texts are read after that, else after the start alone. A gradient flows
    where one is wanted.
    """
    import torch

    rows: dict[Node, Tensor] = {}
    for said, nodes in wording.passes:
        begun = [[*text, *said] if prefix else [wording.start, *text, *said] for text in texts]
        logits = _forward(network, begun, prefix, len(said) + 1).float().log_softmax(-1)
        rows |= {node: logits[:, len(node)] for node in nodes}
    return torch.stack([rows[node] for node in wording.nodes], dim=1)


def score_labels(wording: Wording, read: Tensor) -> Tensor:
    """Return the log-probability of each label's whole verbaliser out of `read_nodes`: (texts, labels)."""
    return score_tokens(wording, read, wording.answers.values())


def score_tokens(wording: Wording, read: Tensor, said: Iterable[Sequence[int]]) -> Tensor:
    """Return the log-probability of verbalisers, or of how they begin, out of `read_nodes`: (texts, said)."""
    import torch

    places = {node: place for place, node in enumerate(wording.nodes)}
    columns = [
        sum(
            (read[:, places[tuple(tokens[:size])], token] for size, token in enumerate(tokens)), torch.zeros(len(read))
        )
        for tokens in said
    ]
    return torch.stack(columns, dim=1)


def diverge(wanted: Tensor, said: Tensor) -> Tensor:
    """Return the forward KL divergence from `wanted` to `said`, log-probabilities along the last dimension."""
    return (wanted.exp() * (wanted - said)).sum(-1)


def copy_prefix(prefix: Any, count: int) -> Any:
    """Return a cache of one sequence as one of `count`, for a forward pass to add to; None where there is none."""
    if not prefix:
        return None
    cache = copy.deepcopy(prefix)
    cache.batch_repeat_interleave(count)
    return cache


def _forward(network: Any, sequences: Sequence[Tokens], prefix: Any, kept: int) -> Tensor:
    """Return the last `kept` logits of sequences, which are padded on the left."""
    import torch

    width, seen = max(map(len, sequences)), prefix.get_seq_length() if prefix else 0
    inputs = torch.tensor([[0] * (width - len(tokens)) + tokens for tokens in sequences])
    lengths = torch.tensor([len(tokens) for tokens in sequences])
    mask = (torch.arange(width) >= width - lengths[:, None]).long()
    mask = torch.cat([torch.ones(len(sequences), seen, dtype=torch.long), mask], dim=1)
    cache = copy_prefix(prefix, len(sequences))
    places = (mask.cumsum(1) - 1).clamp(min=0)[:, seen:]
    given = {"input_ids": inputs, "attention_mask": mask, "position_ids": places, "past_key_values": cache}
    logits: Tensor = network(**given, use_cache=cache is not None, logits_to_keep=kept).logits
    return logits
