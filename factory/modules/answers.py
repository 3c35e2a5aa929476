"""Let the prompted model of a module teach a classifier: its label probabilities take the place of the teacher's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from factory.data.examples import read_examples, write_examples
from factory.modules.targets import read_targets
from factory.store import Artifact


def answer_as_prompted(splits: Artifact, targets: Artifact, labels: list[str], form: str, *, out: Path) -> None:
    """Write the splits again, whose training and validation rows have the probabilities recorded in `targets`.

    They are what the module itself is taught: for `label-calibrated` without the label prior. Labels stay the same.
    """
    shutil.copytree(splits.path, out, dirs_exist_ok=True)
    prior = read_targets(targets.path / "train.safetensors").prompted.mean(0)
    for part in ("train", "validation"):
        rows = read_examples(splits.path / f"{part}.jsonl")
        read = read_targets(targets.path / f"{part}.safetensors").prompted
        shares = (read - prior if form == "label-calibrated" else read).softmax(-1).tolist()
        told = [
            replace(row, probabilities=dict(zip(labels, given, strict=True)))
            for row, given in zip(rows, shares, strict=True)
        ]
        write_examples(out / f"{part}.jsonl", told)
