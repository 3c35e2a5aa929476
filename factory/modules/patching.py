"""A prompt as a change of weights in closed form: one ridge regression a block, and no gradient.

Block by block, from the first, the last matrix of the MLP is changed so that without the prompt the block gives what
it gave with it, on the tokens of many texts at once: PatchKV (KAIST 2026), after Dherin et al. 2025 (arXiv
2507.16003), who show that for one token a change of rank 1 does it exactly. Sums over tokens are streamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory.errors import TrainingError
from factory.modules.factors import Factors, Pair, merge_factors
from factory.modules.reading import copy_prefix
from factory.modules.wording import Tokens, Wording

if TYPE_CHECKING:
    from torch import Tensor

TEXTS = 160  # whose tokens are regressed on
BATCH_SIZE = 8
DECISIVE_WEIGHT = 20.0  # of the positions at which an answer is read; all others of a text weigh 1


@dataclass
class Stream:
    """Texts on their way through the blocks, in batches padded on the right.

    `hidden` is what the next block is given, (texts, tokens, size), `calls` what else each block is, and `weights`
    (texts, tokens) how much each position counts: nothing where there is none, or where the first token is.
    """

    hidden: list[Tensor] = field(default_factory=list)
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)


def patch_weights(
    network: Any,
    wording: Wording,
    texts: Sequence[Tokens],
    unrelated: Sequence[Tokens],
    prefix: Any,
    *,
    rank: int,
    ridge: float,
    gamma: float,
) -> Factors:
    """Return the factors of every block, and leave them merged into `network`.

    `gamma` is the weight of a token of `unrelated` texts, which shall pass unchanged, against one of `texts`.
    Raises TrainingError for a network whose blocks do not end in `mlp.down_proj`.
    """
    import torch

    blocks = find_blocks(network)
    with torch.no_grad():
        sequences, weights = _lay_out(wording, texts[:TEXTS])
        wanted = _read_outputs(network, blocks, sequences, prefix)
        ours = _open_stream(network, blocks, [[wording.start, *it] for it in sequences], weights)
        kept = [[wording.start, *it] for it in unrelated] if gamma else []
        others = _open_stream(network, blocks, kept, [[0.0, *[1.0] * (len(it) - 1)] for it in kept])
        found: Factors = {}
        for number, block in enumerate(blocks):
            gram, cross = _sum_up(block, number, ours, wanted[number])
            if gamma:
                scale = sum(map(_total, ours.weights)) / sum(map(_total, others.weights))
                gram = gram + gamma * scale * _sum_up(block, number, others, None)[0]
            pair = cut_rank(solve_ridge(gram, cross, ridge), gram, rank)
            name = _name_of(network, block)
            found |= {name: Pair(pair.b.float(), pair.a.float())}
            merge_factors(network, {name: found[name]})
            for stream in (ours, others):
                _advance(block, number, stream)
    return found


def solve_ridge(gram: Tensor, cross: Tensor, ridge: float) -> Tensor:
    """Return the change D that minimises |D h - t|^2 plus a penalty, from the sums of h h' and of t h'.

    The penalty is `ridge` times the mean of the eigenvalues of the first, each weighed by itself.
    """
    import torch

    penalty = ridge * gram.square().sum() / gram.trace()
    whole = gram + penalty * torch.eye(len(gram), dtype=gram.dtype)
    return torch.linalg.solve(whole, cross.T).mT  # type: ignore[no-any-return]  # torch leaves it untyped


def cut_rank(delta: Tensor, gram: Tensor, rank: int) -> Pair:
    """Return the factors of a rank whose outputs are nearest to those of `delta` on inputs with these sums."""
    import torch

    _, vectors = torch.linalg.eigh(delta @ gram @ delta.T)
    outer = vectors[:, -rank:].flip(-1)
    return Pair(outer, outer.T @ delta)


def find_blocks(network: Any) -> list[Any]:
    """Return the blocks of a decoder whose output is a sum that `mlp.down_proj` ends; raises TrainingError."""
    blocks = list(getattr(network.base_model, "layers", []))
    odd = next((it for it in blocks if not hasattr(getattr(it, "mlp", None), "down_proj")), None)
    if not blocks or odd is not None or hasattr(blocks[0], "post_feedforward_layernorm"):
        raise TrainingError(
            f"a {network.config.model_type} has no blocks that end in mlp.down_proj, which form and init: "
            f"activation-patch change; choose another form or another base model"
        )
    return blocks


def _lay_out(wording: Wording, texts: Sequence[Tokens]) -> tuple[list[Tokens], list[list[float]]]:
    """Return texts with each answer begun, and the weight of every position, that of the start first."""
    sequences, weights = [], []
    for text in texts:
        for said, _ in wording.passes:
            sequences.append([*text, *said])
            weights.append([0.0, *[1.0] * (len(text) - 1), *[DECISIVE_WEIGHT] * (len(said) + 1)])
    return sequences, weights


def _read_outputs(network: Any, blocks: Sequence[Any], sequences: Sequence[Tokens], prefix: Any) -> list[Tensor]:
    """Return what each block gives at every token that follows the prompt: for each block (tokens, size)."""
    import torch

    given: list[list[Tensor]] = [[] for _ in blocks]
    for batch in _batches(sequences):
        inputs, seen = _pad(batch)
        with _listening(blocks, lambda number, output, seen=seen: given[number].append(output[seen])):
            network(inputs, past_key_values=copy_prefix(prefix, len(batch)), logits_to_keep=1)
    return [torch.cat(outputs) for outputs in given]


@contextmanager
def _listening(blocks: Sequence[Any], hear: Any) -> Iterator[None]:
    def listen(number: int) -> Any:
        return lambda _, __, output: hear(number, output[0] if isinstance(output, tuple) else output)

    hooks = [block.register_forward_hook(listen(number)) for number, block in enumerate(blocks)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _open_stream(
    network: Any, blocks: Sequence[Any], sequences: Sequence[Tokens], weights: Sequence[Sequence[float]]
) -> Stream:
    """Return texts as the first block is given them, and how the network calls every block."""
    import torch

    stream = Stream()
    for batch, counts in zip(_batches(sequences), _batches(weights), strict=True):
        inputs, _ = _pad(batch)
        heard: list[tuple[Any, dict[str, Any]]] = []
        hooks = [
            block.register_forward_pre_hook(
                lambda _, given, named, heard=heard: heard.append((given, named)), with_kwargs=True
            )
            for block in blocks
        ]
        network(inputs, use_cache=False, logits_to_keep=1)
        for hook in hooks:
            hook.remove()
        stream.hidden.append(heard[0][0][0])
        stream.calls.append([named for _, named in heard])
        width = inputs.shape[1]
        stream.weights.append(torch.tensor([[*count, *[0.0] * (width - len(count))] for count in counts]))
    return stream


def _sum_up(block: Any, number: int, stream: Stream, wanted: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the weighted sums of h h' and of (wanted - given) h', in float64."""
    import torch

    layer, done = block.mlp.down_proj, 0
    gram = torch.zeros(layer.in_features, layer.in_features, dtype=torch.float64)
    cross = torch.zeros(layer.out_features, layer.in_features, dtype=torch.float64)
    for hidden, calls, weights in zip(stream.hidden, stream.calls, stream.weights, strict=True):
        features: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _, given, features=features: features.append(given[0]))
        output = _call(block, hidden, calls[number])
        hook.remove()
        counted = weights > 0
        inputs, weight = features[0][counted].double(), weights[counted].double()[:, None]
        gram += inputs.T @ (weight * inputs)
        if wanted is not None:
            missing = (wanted[done : done + len(inputs)] - output[counted]).double()
            cross += missing.T @ (weight * inputs)
            done += len(inputs)
    return gram, cross


def _advance(block: Any, number: int, stream: Stream) -> None:
    stream.hidden = [
        _call(block, hidden, calls[number]) for hidden, calls in zip(stream.hidden, stream.calls, strict=True)
    ]


def _call(block: Any, hidden: Tensor, named: dict[str, Any]) -> Tensor:
    output = block(hidden, **named)
    found: Tensor = output[0] if isinstance(output, tuple) else output
    return found


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), BATCH_SIZE):
        yield items[first : first + BATCH_SIZE]


def _pad(batch: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
    """Return tokens padded on the right, where causal attention does not see them, and which are real."""
    import torch

    width = max(map(len, batch))
    inputs = torch.tensor([tokens + [0] * (width - len(tokens)) for tokens in batch])
    return inputs, torch.tensor([[place < len(tokens) for place in range(width)] for tokens in batch])


def _total(weights: Tensor) -> float:
    return float(weights.sum())


def _name_of(network: Any, block: Any) -> str:
    return str(next(name for name, layer in network.named_modules() if layer is block.mlp.down_proj))
