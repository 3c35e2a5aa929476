"""Labelling with what is published, against `pipeline` of transformers; and what int8 changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import cpu_seconds, show
from benchmarks.rows import MINILM, TASK, read_rows
from factory.data.examples import Example
from factory.recipe_students import Head, Static
from factory.store import Artifact
from factory.students.compression import export_onnx, quantize_onnx
from factory.students.lesson import Lesson
from factory.students.loading import load_folder
from factory.students.methods import find_method
from factory.students.quiet import quiet_transformers

TRAINED, READ, READ_SINGLY = 600, 400, 100


def run() -> None:
    """Print texts per CPU-second of int8, static and pipeline; agreement of int8 with fp32."""
    rows = read_rows()
    texts = [row.text for row in rows[TRAINED : TRAINED + READ]]
    with quiet_transformers(), TemporaryDirectory() as folder:
        model = make_student(Head(name="head", method="head", base_model="minilm"), rows, Path(folder) / "head")
        static = make_student(
            Static(name="static", method="static", base_model="minilm"), rows, Path(folder) / "static"
        )
        light, small = load_folder(model, quantize_student(model, Path(folder))), load_folder(static)
        plain = _open_pipeline(model)
        ours, theirs = (_rate(work, texts) for work in (light, lambda given: plain(given, batch_size=32)))
        singly, theirs_singly = (_rate(_one_by_one(work), texts[:READ_SINGLY]) for work in (light, plain))
        fast = _rate(small, texts * 10)
        agreed = [a["label"] == b["label"] for a, b in zip(light(texts), plain(texts), strict=True)]
    show(
        ("pipeline, batches of 32 by length", f"{theirs:,.0f} texts per CPU-second; one by one {theirs_singly:,.0f}"),
        ("int8, many texts", f"{ours:,.0f} texts per CPU-second = {ours / theirs:.1f} times as many"),
        ("int8, one by one", f"{singly:,.0f} texts per CPU-second = {singly / theirs_singly:.1f} times as many"),
        ("static", f"{fast:,.0f} texts per CPU-second = {fast / ours:.0f} times int8"),
        ("int8 answers as fp32", f"{100 * sum(agreed) / len(agreed):.1f} % of {len(agreed)} texts"),
    )


def make_student(student: Head | Static, rows: Sequence[Example], folder: Path) -> Path:
    learned, validation = rows[: TRAINED - 100], rows[TRAINED - 100 : TRAINED]
    lesson = Lesson(learned, validation, TASK, student, folder / "scratch", base=MINILM)
    find_method(student.method)(lesson).save(folder / "model")
    return folder / "model"


def quantize_student(model: Path, folder: Path) -> Path:
    for name in ("onnx", "int8"):
        (folder / name).mkdir()
    export_onnx(Artifact(model.parent, "model"), out=folder / "onnx")
    quantize_onnx(Artifact(folder / "onnx", "onnx"), out=folder / "int8")
    return folder / "int8/model_quantized.onnx"


def _open_pipeline(model: Path) -> Any:
    from transformers import pipeline

    return pipeline("text-classification", str(model), truncation=True)


def _one_by_one(work: Callable[[Any], Any]) -> Callable[[Sequence[str]], list[Any]]:
    return lambda texts: [work(text) for text in texts]


def _rate(work: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    by_length = sorted(texts, key=len)
    work(by_length[:8])
    return len(texts) / cpu_seconds(lambda: work(by_length), rounds=2)
