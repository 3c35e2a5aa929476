"""What has been published before: verified, so that it need not be pulled again, and under which name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from factory.hub.history import Repo
from factory.hub.target import Target, factory_home
from factory.store import digest_of


@dataclass(frozen=True)
class Record:
    """A verified release: its tag, the commit under it in each repository, the slug of the collection."""

    tag: str
    commits: dict[str, str]
    collection: str


def read_record(target: Target, repos: Sequence[Repo]) -> Record | None:
    """Return the last verified release of these repositories on this Hub, None if there is none."""
    try:
        return Record(**json.loads(_path(target, repos).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_record(target: Target, repos: Sequence[Repo], record: Record) -> None:
    """Remember a verified release, whole or not at all."""
    path = _path(target, repos)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    partial.replace(path)


def find_former_name(target: Target, recipe: Path, dataset_id: str) -> str | None:
    """Return under which other name the recipe in a file was published last in the namespace of `dataset_id`."""
    try:
        former = _path_of_name(target, recipe, dataset_id).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return former if former != dataset_id else None


def remember_name(target: Target, recipe: Path, dataset_id: str) -> None:
    """Remember under which name a recipe was published."""
    path = _path_of_name(target, recipe, dataset_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dataset_id, encoding="utf-8")


def _path_of_name(target: Target, recipe: Path, dataset_id: str) -> Path:
    key = digest_of([target.place, str(recipe.resolve()), dataset_id.split("/")[0]])
    return factory_home() / "published" / f"{key[:20]}.name"


def _path(target: Target, repos: Sequence[Repo]) -> Path:
    return factory_home() / "published" / f"{digest_of([target.place, repos[0].id])[:20]}.json"
