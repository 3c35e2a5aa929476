"""Write the base model with a module merged into its weights, for those who do not want peft."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from factory.hub.fetch import TOKENIZER
from factory.modules.factors import merge_factors, read_factors
from factory.modules.reading import load_base
from factory.store import Artifact
from factory.students.quiet import quiet_transformers


def merge_module(base: Artifact, trained: Artifact, *, out: Path) -> None:
    """Write config.json, safetensors and tokenizer of a language model that labels without the prompt, in float32.

    In half precision its scores would differ from those that were measured.
    """
    network = _forget_packing(load_base(base.path, "the base model of a module"))
    with quiet_transformers():
        merge_factors(network, read_factors(trained.path / "model")).save_pretrained(out)
    for name in TOKENIZER:
        if (base.path / name).is_file():
            shutil.copyfile(base.path / name, out / name)


def _forget_packing(network: Any) -> Any:
    """Let weights that came from GGUF be saved: transformers has unpacked them, but refuses by what they were."""
    packing = getattr(network.config, "quantization_config", None)
    if packing is not None and packing.quant_method == "gguf":
        network.hf_quantizer = None
        del network.config.quantization_config
    return network
