"""What was published before: the release that a new one follows, read from the commits that its manifest names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from factory.hub.fetch import fetch_file, find_file
from factory.hub.manifest import Manifest, Member, read_manifest
from factory.hub.target import Target
from factory.recipe import Recipe
from factory.release.news import Edition

Json = dict[str, Any]


@dataclass(frozen=True)
class Before:
    """The release before: its manifest, report and settings."""

    target: Target
    manifest: Manifest
    report: Json
    settings: Json

    @property
    def edition(self) -> Edition:
        """How it is told of."""
        return Edition(self.report, self.settings, name_version(self.manifest))

    def member(self, student: str) -> Member | None:
        """Return the repository of a student."""
        dataset = next(member for member in self.manifest.repositories if member.type == "dataset")
        return self.manifest.find("model", f"{dataset.id}-{student}")

    def fetch(self, member: Member, name: str) -> Path | None:
        """Return a file of a repository of that release, None where it has no such file."""
        if name not in member.files:
            return None
        return fetch_file(self.target, member.id, name, repo_type=member.type, revision=member.commit)


def read_before(target: Target, dataset_id: str, release_id: str) -> Before | None:
    """Return the newest release of a recipe that is not `release_id`; None when there is none, or it is gone.

    Raises HubError when the Hub does not tell.
    """
    manifest = read_manifest(target, dataset_id)
    if manifest and manifest.release == release_id:
        tag = manifest.versions[-2].tag if len(manifest.versions) > 1 else None
        manifest = read_manifest(target, dataset_id, tag) if tag else None
    contents = _read_contents(target, manifest) if manifest else None
    return Before(target, manifest, *contents) if manifest and contents else None


def read_settings(path: Path) -> Json:
    """Return the settings in effect of a published recipe, or as they are written where they are not today's."""
    written: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Recipe.model_validate(written).model_dump(mode="json", exclude_none=True)
    except ValidationError:
        return written


def name_version(manifest: Manifest) -> str:
    """Return how cards call a release."""
    return f"version {manifest.version.version} (`release-{manifest.release}`)"


def _read_contents(target: Target, manifest: Manifest) -> tuple[Json, Json] | None:
    """Return report and settings, None where they are gone; without students the report has the data alone."""
    members = [member for member in manifest.repositories if "eval/report.json" in member.files]
    dataset = next(member for member in manifest.repositories if member.type == "dataset")
    name, source = ("eval/report.json", members[0]) if members else ("provenance.json", dataset)
    path = find_file(target, source.id, name, repo_type=source.type, revision=source.commit)
    recipe = find_file(target, dataset.id, "recipe.yaml", repo_type="dataset", revision=dataset.commit)
    if path is None or recipe is None:
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    report = found if members else {"data": found["rows"], "students": [], "gold": found["gold"]}
    return report, read_settings(recipe)
