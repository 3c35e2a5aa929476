"""Read texts with a network from its files: with onnxruntime and tokenizers, or where there is no ONNX with torch.

Texts go through a network one at a time, as many at once as there are processors: an int8 file scales its activations
by what else is in a batch, and so would give a text another answer in other company.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from factory.data.examples import Text, parts_of
from factory.errors import HubError
from factory.students.classifier import Scores

NO_LIMIT = 1_000_000  # a tokenizer without `model_max_length` says 1e30
ReadAll = Callable[[Sequence[Text]], Scores]


def read_onnx(folder: Path, config: dict[str, Any], file: Path) -> ReadAll:
    """Return a function from texts to logits of shape (texts, labels); raises HubError for a damaged file."""
    from tokenizers import Tokenizer

    if "model" not in read_json(folder / "tokenizer.json"):  # what the library raises of it is a bare Exception
        raise HubError(f"{folder / 'tokenizer.json'}: describes no tokenizer; pull the model again")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_max_length(folder, config))
    session = _open_session(file)
    inputs = [given.name for given in session.get_inputs()]

    def read(text: Text) -> Scores:
        tokens = tokenizer.encode(text) if isinstance(text, str) else tokenizer.encode(text[0], text[1])
        known = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
        (logits,) = session.run(["logits"], {name: np.array([known[name]], dtype=np.int64) for name in inputs})
        return np.asarray(logits[0], dtype=np.float32)

    return _side_by_side(read)


def read_safetensors(folder: Path, config: dict[str, Any]) -> tuple[ReadAll, dict[str, Any]]:
    """Return a function as `read_onnx` does, and the configuration with what transformers adds; needs torch."""
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as fault:
        raise HubError(f"a model without ONNX needs {fault.name}; pip install 'hf-factory[build]'") from fault
    from factory.students.quiet import quiet_transformers

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True).eval()
    max_length = _max_length(folder, config)

    def read(text: Text) -> Scores:
        inputs = tokenizer(*parts_of(text), truncation=True, max_length=max_length, return_tensors="pt")
        with torch.inference_mode():
            return np.asarray(network(**inputs).logits[0].float().numpy())

    labels = {str(number): label for number, label in network.config.id2label.items()}
    return _side_by_side(read), config | {"id2label": labels}


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a model's file; raises HubError where there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise HubError(f"{path.parent}: has no {path.name}; it is not a text classifier that can be loaded") from fault
    except ValueError as fault:
        raise HubError(f"{path}: is no JSON ({fault}); pull the model again") from fault
    return found


def _open_session(file: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as faults

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # texts run side by side instead: the same answers on any number of processors
    # on the one model where levels were compared, fusions beyond the basic ones took about a third of the time to the
    # first label, and neither its int8 nor its fp32 file read a text faster with them
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except (faults.Fail, faults.InvalidArgument, faults.InvalidGraph, faults.InvalidProtobuf) as fault:
        raise HubError(f"{file}: is damaged or no ONNX file; delete it and pull it again") from fault


def _side_by_side(read: Callable[[Text], Scores]) -> ReadAll:
    def read_all(texts: Sequence[Text]) -> Scores:
        workers = min(len(texts), _count_processors())
        if workers < 2:
            return np.array([read(text) for text in texts])
        with ThreadPoolExecutor(workers) as pool:
            return np.array(list(pool.map(read, texts)))

    return read_all


def _max_length(folder: Path, config: dict[str, Any]) -> int:
    """Return the tokens that a text may have: what the tokenizer says, or else the positions of the model."""
    settings = folder / "tokenizer_config.json"
    said = read_json(settings).get("model_max_length") if settings.is_file() else None
    return int(said) if said and said < NO_LIMIT else int(config.get("max_position_embeddings", 512))


def _count_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
