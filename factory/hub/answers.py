"""What the files of a published model say of rows: as its release recorded it, and asked again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import Example
from factory.release.release import ONNX_NAMES

if TYPE_CHECKING:
    from factory.evaluation.prediction import Answer

RECORDED = "eval/predictions.jsonl"
FILES = {"safetensors": None, **{format: f"onnx/{name}" for format, name in ONNX_NAMES.items()}}
Json = dict[str, Any]


def read_recorded(folder: Path) -> list[Json]:
    """Return what the files of the model in `folder` were recorded to say, a row for each file and text."""
    with (folder / RECORDED).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def as_answer(given: str | list[str]) -> Answer:
    """Return an answer as JSON has it: a label, or a label set as a tuple."""
    return given if isinstance(given, str) else tuple(given)


def ask_file(folder: Path, format: str, rows: Sequence[Example]) -> list[Answer]:
    """Return what the file of one format says of rows."""
    from factory.evaluation.prediction import predict

    name = FILES[format]
    return predict(folder, folder / name if name else None, rows).answers
