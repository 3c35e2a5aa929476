"""Ask the files of a pulled model again about the test rows of its release, and hold that against its record."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from factory.data.examples import Example, Text
from factory.errors import HubError
from factory.hub.answers import RECORDED, as_answer, ask_file, read_recorded
from factory.hub.fetch import fetch_file
from factory.hub.manifest import Manifest
from factory.hub.predictions import read_test_texts
from factory.hub.target import Target
from factory.store import hash_file

MAX_ROWS = 200
LEAST_SAME = {"onnx-int8": 0.95}  # a processor with other instructions for int8 rounds differently
LEAST_SAME_IN_FLOAT = 0.99
TORCH, LIGHT = ("torch", "transformers"), ("onnxruntime", "tokenizers")
log = logging.getLogger("factory")
Json = dict[str, Any]


@dataclass(frozen=True)
class Rerun:
    """What a file said of test rows now: how many labels are those recorded, and how many agree with the teacher.

    `recorded` is how many agreed with the teacher by the record, of the same rows.
    """

    format: str
    rows: int
    same: int
    agreed: int
    recorded: int

    @property
    def is_same(self) -> bool:
        """Whether the labels are the recorded ones, but for what another processor may round."""
        return self.same >= self.rows * LEAST_SAME.get(self.format, LEAST_SAME_IN_FLOAT)

    def __str__(self) -> str:
        labels = f"{self.same} of {self.rows} labels of test rows are those recorded"
        now, then = (100 * count / self.rows for count in (self.agreed, self.recorded))
        return f"{self.format}: {labels}; agreement with the teacher on them {now:.1f} %, recorded {then:.1f} %"


def find_obstacle(folder: Path, manifest: Manifest) -> str:
    """Return why a model cannot be asked again; empty where it can."""
    if (folder / "adapter_config.json").is_file():
        return "an adapter answers only on its base model, which is not part of the release"
    if not (folder / RECORDED).is_file() or not read_recorded(folder):
        return "no recorded answers ship with it"
    return "" if _list_test_files(manifest) else "no texts ship with its release"


def has_gold(folder: Path) -> bool:
    """Whether a model has recorded answers to gold, whose texts belong to whoever wrote the recipe and do not ship."""
    return any(row["set"] == "gold" for row in read_recorded(folder))


def rerun(target: Target, folder: Path, manifest: Manifest) -> Iterator[Rerun]:
    """Ask each file of the model in `folder` about the first MAX_ROWS test rows that the release ships.

    A file whose packages are not installed is left out, and said to be. Raises HubError for one that cannot be read.
    """
    texts = _fetch_texts(target, manifest)
    recorded = [row for row in read_recorded(folder) if row["set"] == "test" and row["id"] in texts]
    for format, rows in groupby(recorded, key=lambda row: str(row["format"])):
        missing = [name for name in _find_packages(folder, format) if find_spec(name) is None]
        if missing:
            log.info("%s: not asked again, as %s is not installed", format, " and ".join(missing))
        else:
            yield _ask(folder, format, list(rows)[:MAX_ROWS], texts)


def _ask(folder: Path, format: str, rows: Sequence[Json], texts: dict[str, Text]) -> Rerun:
    from safetensors import SafetensorError

    try:
        said = ask_file(folder, format, [_as_example(texts[row["id"]]) for row in rows])
    except (OSError, ValueError, RuntimeError, SafetensorError) as fault:
        raise HubError(f"{format} of {folder} cannot be run ({' '.join(str(fault).split())[:200]})") from fault
    then = [as_answer(row["predicted"]) for row in rows]
    expected = [as_answer(row["expected"]) for row in rows]
    same, agreed, recorded = (
        sum(one == other for one, other in zip(*pair, strict=True))
        for pair in ((said, then), (said, expected), (then, expected))
    )
    return Rerun(format, len(rows), same, agreed, recorded)


def _find_packages(folder: Path, format: str) -> tuple[str, ...]:
    from factory.students.bags import BAGS

    if format != "safetensors":
        return LIGHT
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return () if config.get("model_type") in BAGS else TORCH


def _fetch_texts(target: Target, manifest: Manifest) -> dict[str, Text]:
    """Return the texts of the test rows by their id; raises HubError for a file that is not the released one."""
    dataset = next(member for member in manifest.repositories if member.type == "dataset")
    for name in _list_test_files(manifest):
        path = fetch_file(target, dataset.id, name, repo_type="dataset", revision=dataset.commit)
        if hash_file(path) != dataset.files[name]:
            raise HubError(f"{name} of dataset {dataset.id} on {target.name} has other bytes than were released")
    return read_test_texts(path.parents[1])


def _list_test_files(manifest: Manifest) -> list[str]:
    datasets = (member for member in manifest.repositories if member.type == "dataset")
    return [name for member in datasets for name in member.files if name.startswith("data/test-")]


def _as_example(text: Text) -> Example:
    return Example(text) if isinstance(text, str) else Example(text[0], text_pair=text[1])
