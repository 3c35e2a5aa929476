"""Some layers of a network as a network of their own, with all tokens or some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from factory.errors import TrainingError
from factory.recipe_students import Shrink
from factory.students.pooling import add_mean_pooling

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


def choose_layers(student: Shrink, count: int) -> list[int]:
    """Return which of `count` layers the student has: those listed, or so many, evenly spaced, the last among them."""
    asked = student.layers
    chosen = [(place + 1) * count // asked - 1 for place in range(asked)] if isinstance(asked, int) else asked
    if chosen != sorted(set(chosen)) or not 0 <= chosen[0] <= chosen[-1] < count:
        raise TrainingError(
            f"students: {student.name}: layers is {asked}, but the larger network has layers 0 to {count - 1}; ask "
            f"for at most {count}, or list some of them in that order"
        )
    return chosen


def copy_layers(source: PreTrainedModel, layers: Sequence[int], tokens: Sequence[int]) -> PreTrainedModel:
    """Return a network with the `layers` and `tokens` of `source` and everything beside them, all weights equal.

    Raises TrainingError for a family without a list of layers, or whose layers differ by place.
    """
    smaller, stem = _build(source, layers, tokens), f"{_find_layers(source)}."
    embeddings, weights = source.get_input_embeddings().weight, {}
    for name, weight in source.state_dict().items():
        is_embeddings = weight.data_ptr() == embeddings.data_ptr()
        if new := _rename(name, stem, layers):
            weights[new] = weight[list(tokens)] if is_embeddings else weight
    try:
        smaller.load_state_dict(weights)
    except RuntimeError as fault:
        raise TrainingError(
            f"layers {list(layers)} of a {source.config.model_type} cannot take the place of the first ones; list "
            f"`layers` that begin with 0"
        ) from fault
    return smaller


def draw_layers(
    source: PreTrainedModel, layers: Sequence[int], tokens: Sequence[int], *, is_pooled: bool
) -> PreTrainedModel:
    """Return a network of the shape that `copy_layers` gives, at random but for a layer that pools (`pooling`)."""
    if not is_pooled:
        return _build(source, layers, tokens)
    smaller = _build(source, layers[:-1], tokens)
    add_mean_pooling(smaller)
    return smaller


def _build(source: PreTrainedModel, layers: Sequence[int], tokens: Sequence[int]) -> PreTrainedModel:
    _find_layers(source)
    config = _shorten(source.config, layers, tokens)
    return cast("PreTrainedModel", type(source)(config).float())


def _shorten(config: PreTrainedConfig, layers: Sequence[int], tokens: Sequence[int]) -> Any:
    new = {old: place for place, old in enumerate(tokens)}
    shorter: Any = deepcopy(config)
    shorter.num_hidden_layers = len(layers)
    if getattr(config, "layer_types", None):
        shorter.layer_types = [config.layer_types[layer] for layer in layers]
    shorter.vocab_size = len(tokens)
    for name, value in config.to_dict().items():
        if name.endswith("_token_id") and value is not None:
            setattr(shorter, name, [new.get(old) for old in value] if isinstance(value, list) else new.get(value))
    return shorter


def _find_layers(network: PreTrainedModel) -> str:
    """Return the name of the list of layers; raises TrainingError without one."""
    from torch.nn import ModuleList

    for name, module in network.named_modules() if not network.config.is_encoder_decoder else ():
        if isinstance(module, ModuleList) and len(module) == network.config.num_hidden_layers:
            return str(name)
    raise TrainingError(
        f"a network of the kind {network.config.model_type} has no list of layers; choose a BERT or the like"
    )


def _rename(name: str, stem: str, layers: Sequence[int]) -> str | None:
    """Return the name of a weight in the smaller network, None for one of a layer that is left out."""
    parts = re.fullmatch(rf"{re.escape(stem)}(\d+)(\..*)", name)
    if not parts:
        return name
    old = int(parts[1])
    return f"{stem}{layers.index(old)}{parts[2]}" if old in layers else None
