"""Let a published file label texts as its users will, and take the time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.students.loading import load_folder
from factory.students.quiet import quiet_transformers

BATCH_SIZE = 32
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """The most likely label of each text, its score, and how many texts were read in a second on how many cores."""

    labels: list[str]
    scores: list[float]
    texts_per_second: float
    cores: int


def predict(model: Path, onnx: Path | None, texts: Sequence[str]) -> Predictions:
    """Label `texts` with the file `onnx`, as `factory.load` does, or with the safetensors of `model`, in batches.

    The first texts are read twice, and timed once: a file's first answer is slower than those that follow.
    """
    classify = load_folder(model, onnx).scores if onnx else _load_safetensors(model)
    classify(texts[:BATCH_SIZE])
    started = time.perf_counter()
    scores = classify(texts)
    seconds = time.perf_counter() - started
    names = _read_labels(model)
    return Predictions(
        [names[number] for number in scores.argmax(axis=1)],
        [round(float(score), 4) for score in scores.max(axis=1)],
        _round(len(texts) / seconds),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def _load_safetensors(model: Path) -> Callable[[Sequence[str]], Scores]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = AutoModelForSequenceClassification.from_pretrained(model).eval()

    def classify(batch: Sequence[str]) -> Scores:
        inputs = tokenizer(list(batch), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            scores: Scores = network(**inputs).logits.softmax(dim=-1).float().numpy()
        return scores

    def classify_all(texts: Sequence[str]) -> Scores:
        starts = range(0, len(texts), BATCH_SIZE)
        return np.concatenate([classify(texts[start : start + BATCH_SIZE]) for start in starts])

    return classify_all


def _read_labels(model: Path) -> list[str]:
    names: dict[str, str] = json.loads((model / "config.json").read_text(encoding="utf-8"))["id2label"]
    return [names[str(number)] for number in range(len(names))]


def _round(rate: float) -> float:
    """Two digits: what a second run on the same machine would confirm."""
    return float(f"{rate:.2g}")
