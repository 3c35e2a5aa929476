"""What made what: from a file of a repository back to the stages, the base model and the teacher."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from factory import __version__
from factory.evaluation.report import name_base_model
from factory.release.contents import Contents
from factory.store import Artifact, hash_files


def describe_provenance(
    contents: Contents, made_of: Iterable[Artifact], folder: Path, student: str | None = None
) -> dict[str, Any]:
    """Return the provenance of one folder of the release, of which every other file is written already."""
    files = {name: digest for name, (digest, _) in hash_files(folder).items() if name != "provenance.json"}
    report = contents.report
    return {
        "release": report["release"],
        "made_by": f"hf-factory {__version__}",
        "recipe": {"name": contents.recipe.name, "sha256": files["recipe.yaml"]},
        "teacher": {name: value for name, value in report["teacher"].items() if name != "gold"},
        **({"base_model": _describe_base(contents, student)} if student in contents.bases else {}),
        "licenses": [part.as_json() for part in contents.parts if part.student in (None, student)],
        "gold": report["gold"],
        "rows": report["data"],
        "stages": [_describe_stage(artifact) for artifact in made_of],
        "files": files,
    }


def _describe_base(contents: Contents, name: str) -> dict[str, Any]:
    settings = contents.settings(name)
    base_model = name_base_model(settings["base_model"])
    return {"name": base_model, "revision": settings["revision"], **contents.bases[name]}


def _describe_stage(artifact: Artifact) -> dict[str, Any]:
    """Return stage, key and packages out of an artifact's manifest; of one from outside a store, the digest alone."""
    path = artifact.path.parent / "manifest.json"
    if not path.is_file():
        return {"digest": artifact.digest}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    folder = artifact.path.parent.name
    key = folder.rpartition("-")[2]
    return {"stage": manifest["stage"], "key": key, "digest": artifact.digest, "packages": manifest["packages"]}
