"""Ask a published module as its card tells: by transformers, and peft where it is not merged into its base model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Text
from factory.hub.said import Ask, Said
from factory.modules.loading import SIDECAR


def open_module(name: str, tag: str, base: str) -> Ask:
    """Return what asks the module `name`, as it is on the Hub, on the base model in the folder `base`."""
    from huggingface_hub import hf_hub_download
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    about = json.loads(Path(hf_hub_download(name, SIDECAR, revision=tag)).read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(base)
    network = AutoModelForCausalLM.from_pretrained(base, dtype="float32")
    adapted = PeftModel.from_pretrained(network, name, revision=tag).eval()
    is_prefix = adapted.active_peft_config.is_prompt_learning
    network = adapted if is_prefix else adapted.merge_and_unload()
    return _ask_language_model(network, tokenizer, about, skipped=int(is_prefix))


def open_merged(name: str, tag: str) -> Ask:
    """Return what asks the merged module `name`, as it is on the Hub."""
    from huggingface_hub import hf_hub_download
    from transformers import AutoModelForCausalLM, AutoTokenizer

    about = json.loads(Path(hf_hub_download(name, SIDECAR, revision=tag)).read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(name, revision=tag)
    network = AutoModelForCausalLM.from_pretrained(name, revision=tag, dtype="float32")
    return _ask_language_model(network, tokenizer, about)


def _ask_language_model(network: Any, tokenizer: Any, about: dict[str, Any], skipped: int = 0) -> Ask:
    """Return what reads labels after a text, whose first `skipped` tokens are in a prefix already."""

    def ask(texts: Sequence[Text]) -> Iterator[Said]:
        for text in texts:
            inputs = _read(tokenizer, about["input"], str(text))
            shares = _score(network, inputs[skipped:], about)
            label, share = max(zip(about["labels"], shares, strict=True), key=lambda pair: pair[1])
            yield Said({label}, {label: share})

    return ask


def _read(tokenizer: Any, given: dict[str, Any], text: str) -> list[int]:
    spans = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    kept = text[: spans[: given["max_length"]][-1][1]]
    return [given["start"], *tokenizer(given["frame"].replace("{text}", kept), add_special_tokens=False).input_ids]


def _score(network: Any, inputs: list[int], about: dict[str, Any]) -> list[float]:
    """Return the probability of each label from the log-probabilities of all its tokens."""
    import torch

    totals = []
    with torch.inference_mode():
        for answer in about["labels"].values():
            logits = network(input_ids=torch.tensor([inputs + answer])).logits[0, -len(answer) - 1 : -1]
            totals.append(logits.log_softmax(-1)[range(len(answer)), answer].sum())
    shares: list[float] = (torch.stack(totals) / about["temperature"]).softmax(-1).tolist()
    return shares
