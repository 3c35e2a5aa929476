"""Low-rank factors: a change of weights as products of two thin matrices, kept as a plain peft LoRA.

Whatever made a change, it is kept as factors of the untouched base model's layers, at scale 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from factory.store import hash_file

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
PREFIX = "base_model.model."


class Pair(NamedTuple):
    """The change of one layer: `b` (outputs, rank) times `a` (rank, inputs)."""

    b: Tensor
    a: Tensor


Factors = dict[str, Pair]  # by the name of the layer in the base model


def extract_factors(delta: Tensor, rank: int, energy: float | None = None) -> Pair:
    """Return the best factors of a change of weights by its singular values, shared evenly between both.

    With `energy`, the rank is the least that keeps that share of the sum of squares.
    """
    import torch

    left, values, right = torch.linalg.svd(delta.float(), full_matrices=False)
    if energy is not None:
        kept = values.square().cumsum(0) / values.square().sum().clamp(min=1e-30)
        rank = int((kept < energy).sum()) + 1
    rank, root = min(rank, len(values)), values[:rank].sqrt()
    return Pair(left[:, :rank] * root, root[:, None] * right[:rank])


def balance_factors(pair: Pair) -> Pair:
    """Return factors of the same product that are of equal size, as gradient steps like them."""
    import torch

    outer, upper = torch.linalg.qr(pair.b.double())
    inner, lower = torch.linalg.qr(pair.a.double().T)
    left, values, right = torch.linalg.svd(upper @ lower.T)
    root = values.sqrt()
    return Pair((outer @ left * root).float(), (root[:, None] * right @ inner.T).float())


def merge_factors(network: Any, factors: Mapping[str, Pair]) -> Any:
    """Add the changes to the weights of `network`, in place, and return it."""
    import torch

    with torch.no_grad():
        for name, pair in factors.items():
            weight = network.get_submodule(name).weight
            weight += (pair.b.float() @ pair.a.float()).to(weight.dtype)
    return network


def save_factors(factors: Mapping[str, Pair], folder: Path, base: str | None, revision: str | None) -> None:
    """Write factors as a plain LoRA in half precision; equal factors give equal bytes."""
    import torch
    from peft import LoraConfig

    ranks = {name: len(pair.a) for name, pair in factors.items()}
    rank = max(ranks.values())
    others = {name: size for name, size in ranks.items() if size != rank}
    config = LoraConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
        revision=revision,
        inference_mode=True,
        r=rank,
        lora_alpha=rank,
        rank_pattern=others,
        alpha_pattern=others,
        target_modules=sorted(factors),
    )
    weights = {}
    for name, pair in sorted(factors.items()):
        for side, matrix in (("A", pair.a), ("B", pair.b)):
            weights[f"{PREFIX}{name}.lora_{side}.weight"] = matrix.detach().to(torch.float16).contiguous()
    write_adapter({**config.to_dict(), "target_modules": sorted(factors)}, weights, folder)


def write_adapter(settings: Mapping[str, Any], weights: Mapping[str, Tensor], folder: Path) -> None:
    """Write adapter_config.json and adapter_model.safetensors, as peft reads them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    save_file(dict(weights), folder / WEIGHTS, metadata={"format": "pt"})


def save_tensors(tensors: Mapping[str, Tensor], file: Path) -> None:
    """Write a safetensors file that is there whole or not at all."""
    from safetensors.torch import save_file

    save_file(dict(tensors), file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)


def read_factors(folder: Path) -> Factors:
    """Return the factors of a plain LoRA in `folder`, each with its scale in `b`."""
    from safetensors.torch import load_file

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    weights = load_file(folder / WEIGHTS)
    found: Factors = {}
    for key, a in weights.items():
        if key.endswith(".lora_A.weight"):
            name = key.removeprefix(PREFIX).removesuffix(".lora_A.weight")
            rank = config["rank_pattern"].get(name, config["r"])
            scale = config["alpha_pattern"].get(name, config["lora_alpha"]) / rank
            found[name] = Pair(weights[key.replace("lora_A", "lora_B")].float() * scale, a.float())
    return found


def fingerprint_base(folder: Path) -> str:
    """Return one SHA-256 over the weights that transformers reads of a base model, and their names."""
    import hashlib

    from factory.hub.fetch import WEIGHTS as PATTERNS

    whole = hashlib.sha256()
    for file in sorted(file for pattern in PATTERNS for file in folder.glob(pattern) if file.suffix == ".safetensors"):
        whole.update(f"{file.name} {hash_file(file)}\n".encode())
    return whole.hexdigest()
