"""Let a published file label texts as its users will, and take the time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Example, Text
from factory.students.bags import BAGS
from factory.students.classifier import DEFAULT_THRESHOLD
from factory.students.loading import load_folder
from factory.students.quiet import quiet_transformers

BATCH_SIZE = 32
Answer = str | tuple[str, ...]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """What a file said of each row, and how many rows were read in a second on how many cores.

    An answer is the most likely label with its score or, in a multi-label task, the labels at or above their
    thresholds with the scores of all labels.
    """

    answers: list[Answer]
    scores: Sequence[float | Mapping[str, float]]
    texts_per_second: float
    cores: int


def predict(model: Path, onnx: Path | None, rows: Sequence[Example]) -> Predictions:
    """Label `rows` with the file `onnx`, as `factory.load` does, or with the safetensors of `model`, in batches.

    Students without a network are read by `factory.load` in either case. The first rows are read twice, and timed
    once: a file's first answer is slower than those that follow.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    is_light = onnx or config.get("model_type") in BAGS
    classify = load_folder(model, onnx).scores if is_light else _load_safetensors(model, config)
    given = [row.content for row in rows]
    classify(given[:BATCH_SIZE])
    started = time.perf_counter()
    scores = classify(given)
    seconds = time.perf_counter() - started
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Predictions(*decide(scores, config), _round(len(rows) / seconds), cores)


def decide(scores: Scores, config: dict[str, Any]) -> tuple[list[Answer], Sequence[float | Mapping[str, float]]]:
    """Return the answers that `scores` of shape (rows, labels) mean, with the scores that go with them."""
    names = [config["id2label"][str(number)] for number in range(len(config["id2label"]))]
    if config.get("problem_type") != "multi_label_classification":
        best = [round(float(score), 4) for score in scores.max(axis=1)]
        return [names[number] for number in scores.argmax(axis=1)], best
    known = config.get("thresholds", {})
    applies = scores >= np.array([known.get(name, DEFAULT_THRESHOLD) for name in names])
    answers: list[Answer] = [tuple(name for name, yes in zip(names, row, strict=True) if yes) for row in applies]
    return answers, [{name: round(float(score), 4) for name, score in zip(names, row, strict=True)} for row in scores]


def _load_safetensors(model: Path, config: dict[str, Any]) -> Callable[[Sequence[Text]], Scores]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = AutoModelForSequenceClassification.from_pretrained(model).eval()
    is_multi_label = config.get("problem_type") == "multi_label_classification"

    def classify(batch: Sequence[Text]) -> Scores:
        columns = [list(batch)] if isinstance(batch[0], str) else [list(texts) for texts in zip(*batch, strict=True)]
        inputs = tokenizer(*columns, padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            logits = network(**inputs).logits.float()
            scores: Scores = (logits.sigmoid() if is_multi_label else logits.softmax(dim=-1)).numpy()
        return scores

    def classify_all(given: Sequence[Text]) -> Scores:
        starts = range(0, len(given), BATCH_SIZE)
        return np.concatenate([classify(given[start : start + BATCH_SIZE]) for start in starts])

    return classify_all


def _round(rate: float) -> float:
    """Two digits: what a second run on the same machine would confirm."""
    return float(f"{rate:.2g}")
