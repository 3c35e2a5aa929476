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
    """Label `texts` with the file `onnx`, one at a time, or with the safetensors of `model`, in batches.

    One at a time because an int8 file scales its activations by what else is in the batch: its users, and this
    report, see the same numbers only when batches are the same. The first batch is read twice, and timed once.
    """
    classify, batch_size = (_load_onnx(model, onnx), 1) if onnx else (_load_safetensors(model), BATCH_SIZE)
    batches = [texts[start : start + batch_size] for start in range(0, len(texts), batch_size)]
    classify(batches[0])
    started = time.perf_counter()
    scores = np.concatenate([classify(batch) for batch in batches])
    seconds = time.perf_counter() - started
    names = _read_labels(model)
    return Predictions(
        [names[number] for number in scores.argmax(axis=1)],
        [round(float(score), 4) for score in scores.max(axis=1)],
        _round(len(texts) / seconds),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def _load_onnx(model: Path, onnx: Path) -> Callable[[Sequence[str]], Scores]:
    from factory.students.loading import load_folder

    classifier = load_folder(model, file=onnx)
    return lambda texts: np.asarray(classifier.scores(list(texts)), dtype=np.float32)


def _load_safetensors(model: Path) -> Callable[[Sequence[str]], Scores]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(model).eval()

    def classify(texts: Sequence[str]) -> Scores:
        inputs = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            scores: Scores = network(**inputs).logits.softmax(dim=-1).float().numpy()
        return scores

    return classify


def _read_labels(model: Path) -> list[str]:
    names: dict[str, str] = json.loads((model / "config.json").read_text(encoding="utf-8"))["id2label"]
    return [names[str(number)] for number in range(len(names))]


def _round(rate: float) -> float:
    """Two digits: what a second run on the same machine would confirm."""
    return float(f"{rate:.2g}")
