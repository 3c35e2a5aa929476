"""Pull a release back by name, in a process of its own with an empty cache, and compare it with what was built."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.errors import HubError
from factory.hub.faults import FAULTS, sentence
from factory.hub.history import Repo
from factory.hub.predictions import check_predictions, read_test_texts
from factory.hub.target import Target
from factory.recipe import Recipe
from factory.recipe_students import Lora, Module
from factory.store import Store, hash_files

SHARED_CACHES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE", "HF_XET_CACHE", "HF_ASSETS_CACHE")
log = logging.getLogger("factory")


def verify_release(
    folder: Path, repos: Sequence[Repo], tag: str, target: Target, bases: Mapping[str, Path] | None = None
) -> dict[str, Any]:
    """Return what was found equal under `tag`: files by SHA-256, rows of each split, recorded predictions.

    `bases` has the base models of adapters, by the folder of the adapter; of others only the files are compared.
    Raises HubError naming the file, split or row that differs.
    """
    log.info("verifying: pulling %d repositories by name at %s", len(repos), tag)
    request = {
        "tag": tag,
        "repos": [[repo.type, repo.id, str(folder / repo.folder)] for repo in repos],
        "bases": {str(folder / name): str(base) for name, base in (bases or {}).items()},
    }
    with tempfile.TemporaryDirectory(prefix="factory-verify-") as empty:
        inherited = {name: value for name, value in target.environment().items() if name not in SHARED_CACHES}
        done = subprocess.run(
            [sys.executable, "-m", "factory.hub.verify"],
            input=json.dumps(request),
            env={**inherited, "HF_HOME": empty, "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise HubError(f"{tag} on {target.name} could not be pulled back ({said}); run the same command again")
    found: dict[str, Any] = json.loads(done.stdout)
    if found["problems"]:
        shown = "; ".join(found["problems"][:5])
        raise HubError(f"{tag} on {target.name} is not what was built: {shown}; delete that tag and publish again")
    log.info("verified: %(files)d files, %(rows)d rows, %(predictions)d predictions are what was built", found)
    return found


def find_bases(recipe: Recipe, store: Store, target: Target) -> dict[str, Path]:
    """Return the base models of the adapters of a recipe that is built, for `verify_release`."""
    from factory.bench import Bench
    from factory.hub.fetch import Fetcher

    bench = Bench(recipe, store, Fetcher(target))
    adapted = [
        student
        for student in recipe.students
        if isinstance(student, Module) or (isinstance(student, Lora) and student.adapter)
    ]
    return {
        f"model-{_adapter_of(student)}": bench.find_base(student.base_model, student.revision).path
        for student in adapted
    }


def _adapter_of(student: Lora | Module) -> str:
    """Return the suffix of the repository with the adapter; the other one, if any, has merged weights."""
    return student.repositories[0 if isinstance(student, Module) else -1]


def main() -> None:
    """Answer the request on stdin with one JSON document on stdout: counts of what is equal, and the problems."""
    request = json.load(sys.stdin)
    repos = [(kind, name, Path(folder)) for kind, name, folder in request["repos"]]
    texts = read_test_texts(next(folder for kind, _, folder in repos if kind == "dataset"))
    found: Counter[str] = Counter(files=0, rows=0, predictions=0)
    problems: list[str] = []
    for kind, name, folder in repos:
        try:
            differing = list(_check_files(kind, name, folder, request["tag"], found))
            if kind == "dataset" and not differing:
                differing += _check_rows(name, folder, request["tag"], found)
            if kind == "model" and not differing:
                base = request["bases"].get(str(folder))
                differing += check_predictions(name, folder, request["tag"], texts, found, base)
            problems += differing
        except FAULTS as fault:
            problems.append(sentence(fault, f"{kind} {name}"))
    json.dump({**found, "problems": problems}, sys.stdout)


def _check_files(kind: str, name: str, folder: Path, tag: str, found: Counter[str]) -> Iterator[str]:
    from huggingface_hub import snapshot_download

    pulled = hash_files(Path(snapshot_download(name, repo_type=kind, revision=tag)))
    for path, expected in hash_files(folder).items():
        if path not in pulled:
            yield f"{kind} {name} has no {path}"
        elif pulled[path] != expected:
            yield f"{path} of {kind} {name} has other bytes"
        else:
            found["files"] += 1


def _check_rows(name: str, folder: Path, tag: str, found: Counter[str]) -> Iterator[str]:
    import datasets
    import pyarrow.parquet

    datasets.config.USE_PARQUET_EXPORT = False  # the files themselves, not what a viewer made of them
    expected: Counter[str] = Counter()
    for path in sorted((folder / "data").glob("*.parquet")):
        expected[path.name.split("-")[0]] += pyarrow.parquet.read_metadata(path).num_rows
    pulled = {split: rows.num_rows for split, rows in datasets.load_dataset(name, revision=tag).items()}
    for split in expected.keys() | pulled.keys():
        if expected.get(split) != pulled.get(split):
            yield f"dataset {name} has {pulled.get(split)} rows in '{split}' instead of {expected.get(split)}"
    found["rows"] += sum(pulled.values())


if __name__ == "__main__":
    main()
