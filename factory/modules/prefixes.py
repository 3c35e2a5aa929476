"""A prompt's own key-value cache, saved as a peft CARTRIDGE: untrained, in half precision, megabytes large."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from factory.modules.factors import CONFIG, WEIGHTS, write_adapter


def save_prefix(network: Any, prefix: Any, folder: Path, base: str | None, revision: str | None) -> None:
    """Write the cache of one sequence as a CARTRIDGE, in half precision."""
    import torch
    from peft import CartridgeConfig
    from peft.tuners.cartridge.utils import prompt_embeddings_from_past_key_values

    shape = network.config.get_text_config()
    tokens = prefix.get_seq_length()
    pairs = [(layer.keys, layer.values) for layer in prefix.layers]
    packed = prompt_embeddings_from_past_key_values(pairs, num_virtual_tokens=tokens)
    config = CartridgeConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
        revision=revision,
        inference_mode=True,
        num_virtual_tokens=tokens,
        num_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_key_value_heads,
        token_dim=packed.shape[1] // (2 * shape.num_hidden_layers),
        num_transformer_submodules=1,
    )
    write_adapter(config.to_dict(), {"prompt_embeddings": packed.to(torch.float16).contiguous()}, folder)


def read_prefix_file(folder: Path) -> Any:
    """Return the cache that `save_prefix` wrote, of one sequence."""
    from safetensors.torch import load_file
    from transformers import DynamicCache

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    packed = load_file(folder / WEIGHTS)["prompt_embeddings"].float()
    layers, heads = config["num_layers"], config["num_attention_heads"]
    split = packed.reshape(len(packed), layers, 2, heads, -1).permute(1, 2, 3, 0, 4)
    cache = DynamicCache()
    for number in range(layers):
        cache.update(split[number, 0][None].contiguous(), split[number, 1][None].contiguous(), number)
    return cache
