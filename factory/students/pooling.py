"""Let a classifier see the mean of all tokens, as sentence embeddings do, and remain a plain BERT.

The heads of transformers read the first token. Bases made for sentence embeddings (sentence-transformers) were never
trained to put a text's meaning there: they average the tokens. An average is what attention gives when all its scores
are equal, so one more layer with queries and keys at zero writes the mean to the first token. Every loader,
exporter and browser knows that layer; nothing has to be trusted or installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

POOLING = "1_Pooling/config.json"  # sentence-transformers says there how tokens become one vector
FAMILIES = ("bert", "roberta", "xlm-roberta")  # whose layers are those of BERT
MEAN_WEIGHT = 100.0  # of the mean, against 1 for the token that the residual connection brings along
SLOPE = 0.2  # of the dense layer before tanh: small, so that tanh is nearly a line


def averages_tokens(folder: Path) -> bool:
    """Whether the base model in `folder` was trained to be read by the mean of its tokens."""
    file = folder / POOLING
    return file.is_file() and bool(json.loads(file.read_text(encoding="utf-8")).get("pooling_mode_mean_tokens"))


def add_mean_pooling(network: PreTrainedModel) -> None:
    """Append a layer that writes the mean of the tokens to the first one; other families stay as they are."""
    import torch

    if network.config.model_type not in FAMILIES:
        return
    layers = getattr(network, network.base_model_prefix).encoder.layer
    layer: Any = type(layers[-1])(network.config)
    layers.append(layer)
    network.config.num_hidden_layers = len(layers)
    network.config.pooling = "mean"  # for people: the layer itself is what does it
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        for norm in (layer.attention.output.LayerNorm, layer.output.LayerNorm):
            norm.weight.fill_(1)
        layer.attention.self.value.weight.fill_diagonal_(1)
        layer.attention.output.dense.weight.fill_diagonal_(MEAN_WEIGHT)
        dense = _dense_before_head(network)
        dense.weight.zero_().fill_diagonal_(SLOPE)
        dense.bias.zero_()


def _dense_before_head(network: Any) -> Any:
    return network.bert.pooler.dense if hasattr(network, "bert") else network.classifier.dense
