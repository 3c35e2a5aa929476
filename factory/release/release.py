"""Write a release: every file that a Hub will hold, byte for byte, before anything is published."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from factory.data.parquet import write_parquet, write_suspicious
from factory.evaluation.scoring import write_json
from factory.hub.demo import find_app
from factory.recipe import Recipe
from factory.release.cards import adapter_card, dataset_card, merged_card, model_card, module_card, space_card
from factory.release.contents import SPLITS, Contents, read_contents
from factory.release.demo import describe_demo
from factory.release.predictions import write_predictions
from factory.release.provenance import describe_provenance
from factory.release.recipe_text import publishable_text
from factory.store import Artifact, version

ONNX_NAMES = {"onnx": "model.onnx", "onnx-int8": "model_quantized.onnx"}


class Data(TypedDict):
    """What students were made from and measured on; `gold_file` is the user's own, `score` that of the teacher.

    `improve` is the report of the rounds, where the recipe has any.
    """

    gold: Artifact | None
    gold_file: Artifact | None
    labelled: list[Artifact]
    kept: Artifact
    splits: Artifact
    audit: Artifact | None
    baselines: Artifact
    score: Artifact | None
    improve: NotRequired[Artifact]


class StudentFiles(TypedDict):
    """What one student consists of; `weights` maps onnx and onnx-int8 to files, `reports` every published format.

    A module may have `merged`, its base model with it merged into the weights.
    """

    name: str
    base: Artifact | None
    trained: Artifact
    weights: dict[str, Artifact]
    reports: dict[str, Artifact]
    merged: NotRequired[Artifact]


class Destination(TypedDict):
    """Where a release goes: the user or organisation, and what the Hub is called."""

    namespace: str
    hub: str


@version(3)
def write_release(
    recipe: Recipe,
    recipe_file: Artifact,
    data: Data,
    students: list[StudentFiles],
    spent: dict[str, Any],
    licenses: dict[str, Artifact],
    destination: Destination,
    release_id: str,
    *,
    out: Path,
) -> None:
    """Write `dataset/`, `model-<student>/` for each student, `space/`, and `report.json`.

    A student with an adapter also gets `model-<student>-adapter/`, a merged module `model-<student>-merged/`; a Space
    shows the first student that a `pipeline` loads, and there is none without one. Files that lost too much when they
    were made light are left out. `spent` is the ledger's summary of the recipe, `licenses` what `find_licenses` found.
    Nothing in the folders tells of the machine that wrote them.
    """
    contents = read_contents(recipe, data, students, spent, licenses, destination, release_id)
    text = publishable_text(recipe, recipe_file.path)
    shutil.rmtree(out)
    write_json(_folder(out) / "report.json", contents.report)
    _write_dataset(contents, data, text, _folder(out / "dataset"))
    for student in students:
        _write_model(contents, data, student, text, _folder(out / f"model-{student['name']}"))
        if (student["trained"].path / "adapter").is_dir():
            _write_adapter(contents, data, student, text, _folder(out / f"model-{student['name']}-adapter"))
        if "merged" in student:
            _write_merged(contents, data, student, text, _folder(out / f"model-{student['name']}-merged"))
    if contents.demo_student:
        _write_space(contents, contents.demo_student, _folder(out / "space"))


def bring(source: Path, place: Path) -> None:
    """Put a file into the release without a second copy of its bytes where the disk allows it."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _write_dataset(contents: Contents, data: Data, recipe_text: str, folder: Path) -> None:
    labels, kind = contents.recipe.task.names, contents.recipe.task.kind
    for split, rows in contents.splits.items():
        write_parquet(rows, labels, _folder(folder / "data") / f"{SPLITS[split]}-00000-of-00001.parquet", kind)
    if contents.rejected:
        rejected = _folder(folder / "rejected") / "train-00000-of-00001.parquet"
        write_parquet(contents.rejected, labels, rejected, kind)
    if contents.suspicious:
        audited = chain(*contents.splits.values(), contents.rejected)
        write_suspicious(contents.suspicious, audited, _folder(folder / "audit") / "suspicious.parquet")
    _write_text(folder / "recipe.yaml", recipe_text)
    _write_text(folder / "README.md", dataset_card(contents))
    write_json(folder / "provenance.json", describe_provenance(contents, _artifacts(data), folder))


def _write_model(contents: Contents, data: Data, student: StudentFiles, recipe_text: str, folder: Path) -> None:
    for file in sorted((student["trained"].path / "model").iterdir()):
        bring(file, folder / file.name)
    published = {entry["format"] for entry in contents.entries(student["name"])}
    weights = {format: files for format, files in student["weights"].items() if format in published}
    for format, files in weights.items():
        bring(next(files.path.glob("*.onnx")), _folder(folder / "onnx") / ONNX_NAMES[format])
    write_json(_folder(folder / "eval") / "report.json", contents.report)
    write_predictions(contents, student["name"], student["reports"], folder / "eval" / "predictions.jsonl")
    _write_text(folder / "recipe.yaml", recipe_text)
    if contents.is_module(student["name"]):
        _write_module(contents, student["name"], folder)
    else:
        _write_text(folder / "README.md", model_card(contents, student["name"]))
    made_of = [*_origin(contents, data, student), *weights.values(), *student["reports"].values()]
    write_json(folder / "provenance.json", describe_provenance(contents, made_of, folder, student["name"]))


def _write_module(contents: Contents, student: str, folder: Path) -> None:
    """Put the figures of a module beside what it is, and write its card."""
    (folder / "module.json").unlink()  # it is one file with that in the store
    _write_sidecar(contents, student, folder)
    _write_text(folder / "README.md", module_card(contents, student))


def _write_merged(contents: Contents, data: Data, student: StudentFiles, recipe_text: str, folder: Path) -> None:
    for file in sorted(student["merged"].path.iterdir()):
        bring(file, folder / file.name)
    _write_sidecar(contents, student["name"], folder)
    _write_text(folder / "recipe.yaml", recipe_text)
    _write_text(folder / "README.md", merged_card(contents, student["name"]))
    made_of = [*_origin(contents, data, student), student["merged"]]
    write_json(folder / "provenance.json", describe_provenance(contents, made_of, folder, student["name"]))


def _write_sidecar(contents: Contents, student: str, folder: Path) -> None:
    write_json(folder / "module.json", {**contents.configs[student], "report": contents.entries(student)[0]["module"]})


def _write_adapter(contents: Contents, data: Data, student: StudentFiles, recipe_text: str, folder: Path) -> None:
    for file in sorted((student["trained"].path / "adapter").iterdir()):
        bring(file, folder / file.name)
    _write_text(folder / "recipe.yaml", recipe_text)
    (folder / "README.md").unlink(missing_ok=True)  # peft writes one of its own
    _write_text(folder / "README.md", adapter_card(contents, student["name"]))
    provenance = describe_provenance(contents, _origin(contents, data, student), folder, student["name"])
    write_json(folder / "provenance.json", provenance)


def _write_space(contents: Contents, student: str, folder: Path) -> None:
    app = find_app()
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(app.with_name(name), folder / name)
    write_json(folder / "demo.json", describe_demo(contents, student))
    _write_text(folder / "README.md", space_card(contents, student))


def _origin(contents: Contents, data: Data, student: StudentFiles) -> list[Artifact]:
    """Return what the weights of a student are made of."""
    base = student["base"] if student["name"] in contents.bases else None
    return [*_artifacts(data), *([base] if base else []), student["trained"]]


def _artifacts(data: Data) -> Iterator[Artifact]:
    made = (data["gold"], *data["labelled"], data["kept"], data["splits"], data["audit"])
    for value in (*made, data["baselines"], data["score"], data.get("improve")):
        if value is not None:
            yield value


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
