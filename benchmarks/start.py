"""From nothing to the first label: the light runtime against `pipeline`, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.inference import make_student, quantize_student
from benchmarks.measure import show
from benchmarks.rows import read_rows
from factory.recipe_students import Head
from factory.students.quiet import quiet_transformers

LIGHT = "import factory; classify = factory.load(sys.argv[1], file=sys.argv[2])"
PLAIN = "from transformers import pipeline; classify = pipeline('text-classification', sys.argv[1], truncation=True)"
MEASURE = """
import json, sys, time
from factory.metering import Meter
meter = Meter()
{}
classify("a first text")
print(json.dumps([time.process_time(), meter.read()["peak_bytes"] / 1e6]))
"""


def run() -> None:
    """Print CPU-seconds and memory of both."""
    with quiet_transformers(), TemporaryDirectory() as folder:
        model = make_student(Head(name="head", method="head", base_model="minilm"), read_rows(), Path(folder) / "head")
        file = quantize_student(model, Path(folder))
        (model / "onnx").mkdir()
        file = file.rename(model / "onnx" / file.name)
        seconds, megabytes = _measure(LIGHT, model, file.relative_to(model))
        theirs, more = _measure(PLAIN, model)
    show(
        ("pipeline, first label", f"{theirs:.2f} CPU-seconds, {more:.0f} MB"),
        ("int8, first label", f"{seconds:.2f} CPU-seconds = 1/{theirs / seconds:.0f}, {megabytes:.0f} MB"),
    )


def _measure(load: str, *arguments: Path) -> tuple[float, float]:
    """Return the better of three starts; the first also warms the disk's cache."""
    command = [sys.executable, "-c", MEASURE.format(load), *map(str, arguments)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    seconds, megabytes = min(json.loads(run) for run in runs)
    return float(seconds), float(megabytes)
