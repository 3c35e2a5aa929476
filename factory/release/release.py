"""Write a release: every file that a Hub will hold, byte for byte, before anything is published."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from factory.data.parquet import write_parquet
from factory.evaluation.scoring import write_json
from factory.hub.demo import find_app
from factory.recipe import Recipe
from factory.release.cards import dataset_card, model_card, space_card
from factory.release.contents import SPLITS, Contents, read_contents
from factory.release.demo import describe_demo
from factory.release.predictions import write_predictions
from factory.release.provenance import describe_provenance
from factory.release.recipe_text import publishable_text
from factory.store import Artifact, version

ONNX_NAMES = {"onnx": "model.onnx", "onnx-int8": "model_quantized.onnx"}


class Data(TypedDict):
    """What students were made from and measured on; `gold_file` is the user's own, `score` that of the teacher."""

    gold: Artifact | None
    gold_file: Artifact | None
    labelled: list[Artifact]
    kept: Artifact
    splits: Artifact
    baselines: Artifact
    score: Artifact | None


class StudentFiles(TypedDict):
    """What one student consists of; `weights` maps onnx and onnx-int8 to files, `reports` every published format."""

    name: str
    base: Artifact
    trained: Artifact
    weights: dict[str, Artifact]
    reports: dict[str, Artifact]


class Destination(TypedDict):
    """Where a release goes: the user or organisation, and what the Hub is called."""

    namespace: str
    hub: str


@version(1)
def write_release(
    recipe: Recipe,
    recipe_file: Artifact,
    data: Data,
    students: list[StudentFiles],
    spent: dict[str, Any],
    destination: Destination,
    release_id: str,
    *,
    out: Path,
) -> None:
    """Write `dataset/`, `model-<student>/` for each student, `space/` when there is a student, and `report.json`.

    `spent` is the ledger's summary of the recipe. Nothing in the folders tells of the machine that wrote them.
    """
    contents = read_contents(recipe, data, students, spent, destination, release_id)
    text = publishable_text(recipe, recipe_file.path)
    shutil.rmtree(out)
    write_json(_folder(out) / "report.json", contents.report)
    _write_dataset(contents, data, text, _folder(out / "dataset"))
    for student in students:
        _write_model(contents, data, student, text, _folder(out / f"model-{student['name']}"))
    if students:
        _write_space(contents, _folder(out / "space"))


def _write_dataset(contents: Contents, data: Data, recipe_text: str, folder: Path) -> None:
    labels = contents.recipe.task.names
    for split, rows in contents.splits.items():
        write_parquet(rows, labels, _folder(folder / "data") / f"{SPLITS[split]}-00000-of-00001.parquet")
    if contents.rejected:
        write_parquet(contents.rejected, labels, _folder(folder / "rejected") / "train-00000-of-00001.parquet")
    _write_text(folder / "recipe.yaml", recipe_text)
    _write_text(folder / "README.md", dataset_card(contents))
    write_json(folder / "provenance.json", describe_provenance(contents, _artifacts(data), folder))


def _write_model(contents: Contents, data: Data, student: StudentFiles, recipe_text: str, folder: Path) -> None:
    for file in sorted((student["trained"].path / "model").iterdir()):
        _bring(file, folder / file.name)
    for format, weights in student["weights"].items():
        _bring(next(weights.path.glob("*.onnx")), _folder(folder / "onnx") / ONNX_NAMES[format])
    write_json(_folder(folder / "eval") / "report.json", contents.report)
    write_predictions(contents, student["reports"], folder / "eval" / "predictions.jsonl")
    _write_text(folder / "recipe.yaml", recipe_text)
    _write_text(folder / "README.md", model_card(contents, student["name"]))
    made_of = [*_artifacts(data), student["base"], student["trained"]]
    made_of += [*student["weights"].values(), *student["reports"].values()]
    write_json(folder / "provenance.json", describe_provenance(contents, made_of, folder, student["name"]))


def _write_space(contents: Contents, folder: Path) -> None:
    app = find_app()
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(app.with_name(name), folder / name)
    write_json(folder / "demo.json", describe_demo(contents))
    _write_text(folder / "README.md", space_card(contents))


def _artifacts(data: Data) -> Iterator[Artifact]:
    for value in (data["gold"], *data["labelled"], data["kept"], data["splits"], data["baselines"], data["score"]):
        if value is not None:
            yield value


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _bring(source: Path, place: Path) -> None:
    """Put a file into the release without a second copy of its bytes where the disk allows it."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
