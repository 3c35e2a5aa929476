"""The releases of a namespace: what is there, how good it is, and taking it away again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from factory.errors import HubError
from factory.evaluation.markdown import columns
from factory.evaluation.scoreboard import NOTHING, megabytes, percent
from factory.hub.changes import repos_of
from factory.hub.faults import explained
from factory.hub.fetch import find_file
from factory.hub.history import Repo, RepoType, read_history
from factory.hub.manifest import Manifest, read_manifest
from factory.hub.pull import find_entries
from factory.hub.target import Target
from factory.recipe import Recipe

TAG = "hf-factory"
Json = dict[str, Any]


@dataclass(frozen=True)
class Animal:
    """A published model with what its report says of its safetensors."""

    id: str
    updated: str
    version: str
    entry: Json

    def as_json(self) -> Json:
        """Return one item of `factory ls --format json`."""
        return {"id": self.id, "updated": self.updated, "version": self.version, **self.entry}

    def cells(self) -> list[str]:
        """Return its line of the table."""
        gold = self.entry.get("gold") or {}
        shown = [percent(gold[name]) if name in gold else NOTHING for name in ("accuracy", "macro_f1")]
        agreement = self.entry.get("agreement")
        size = megabytes(self.entry["bytes"]) if "bytes" in self.entry else NOTHING
        rest = [percent(agreement) if agreement else NOTHING, size, self.version, self.updated]
        return [self.id, self.entry.get("method", NOTHING), *shown, *rest]


HEAD = ("model", "method", "accuracy", "macro-F1", "agreement", "size", "version", "updated")


def list_zoo(target: Target, namespace: str) -> list[Animal]:
    """Return the models of a namespace that hf-factory published, by name. Raises HubError."""
    with explained(f"{namespace} on {target.name}"):
        models = list(target.api.list_models(author=namespace, filter=TAG, full=True))
    return [_describe(target, model) for model in sorted(models, key=lambda model: model.id)]


def render_zoo(animals: Sequence[Animal]) -> str:
    """Return the zoo as a table for a terminal."""
    return columns(HEAD, [animal.cells() for animal in animals])


def find_published(target: Target, recipe: Recipe, namespace: str, *, only_leftovers: bool = False) -> list[Repo]:
    """Return the repositories on the Hub that releases of a recipe filled, those no longer in it last.

    What is no release of hf-factory is left out. Raises HubError.
    """
    current = repos_of(recipe, namespace)
    left = list(find_leftovers(target, current))
    wanted = left if only_leftovers else [*current, *left]
    return [repo for repo in wanted if is_release(target, repo)]


def find_leftovers(target: Target, repos: Sequence[Repo]) -> Iterator[Repo]:
    """Yield the repositories of earlier releases that are no longer among `repos`, and still there."""
    dataset = repos[0]
    known = {(repo.type, repo.id) for repo in repos}
    for manifest in _read_versions(target, dataset.id):
        for member in manifest.repositories:
            if (member.type, member.id) not in known:
                known.add((member.type, member.id))
                left = Repo(member.type, member.id, "")
                if is_release(target, left):
                    yield left


def find_repo(target: Target, name: str, repo_type: RepoType | None) -> Repo:
    """Return the one repository of a name; raises HubError when there is none, several, or one that is not ours."""
    kinds = [repo_type] if repo_type else get_args(RepoType)
    found = [repo for repo in (Repo(kind, name, "") for kind in kinds) if is_release(target, repo)]
    if not found:
        raise HubError(f"{name} on {target.name} is no release of hf-factory; check the name with: factory ls")
    if len(found) > 1:
        kinds_found = " and a ".join(repo.type for repo in found)
        raise HubError(f"{name} is a {kinds_found} on {target.name}; say which with --type")
    return found[0]


def is_release(target: Target, repo: Repo) -> bool:
    """Whether a repository is there and hf-factory published it."""
    with explained(repo.on(target)):
        return read_history(target, repo).tag is not None


def describe_use(target: Target, repo: Repo) -> str:
    """Return what would go with a repository: its downloads, likes, and commits of other people."""
    with explained(repo.on(target)):
        info = target.api.repo_info(repo.id, repo_type=repo.type)
        theirs = read_history(target, repo).since
    counts = [f"{getattr(info, name, 0) or 0:,} {name}" for name in ("downloads", "likes") if hasattr(info, name)]
    return ", ".join([*counts, *([f"{len(theirs)} commits since the release"] if theirs else [])])


def remove(target: Target, repo: Repo) -> None:
    """Delete a repository with everything in it. Raises HubError."""
    with explained(repo.on(target)):
        target.api.delete_repo(repo.id, repo_type=repo.type)


def _describe(target: Target, model: Any) -> Animal:
    """Return what a model's report says of its safetensors."""
    updated = f"{model.last_modified:%Y-%m-%d}" if model.last_modified else ""
    path = find_file(target, model.id, "eval/report.json", revision=model.sha)
    if path is None:
        return Animal(model.id, updated, NOTHING, {})
    report = json.loads(path.read_text(encoding="utf-8"))
    entries = find_entries(report, model.id)
    manifest = read_manifest(target, f"{model.id.split('/')[0]}/{report['recipe']}")
    version = manifest.version.tag if manifest and manifest.release == report["release"] else NOTHING
    return Animal(model.id, updated, version, _narrow(entries[0]) if entries else {})


def _narrow(entry: Json) -> Json:
    gold = entry["gold"] or {}
    kept = {name: gold[name] for name in ("rows", "accuracy", "macro_f1") if name in gold}
    names = ("method", "base_model", "parameters", "bytes", "agreement")
    return {**{name: entry[name] for name in names if name in entry}, "gold": kept or None}


def _read_versions(target: Target, dataset_id: str) -> Iterator[Manifest]:
    """Yield the manifests of all releases, newest first."""
    newest = read_manifest(target, dataset_id)
    if newest is None:
        return
    yield newest
    for version in reversed(newest.versions[:-1]):
        if manifest := read_manifest(target, dataset_id, version.tag):
            yield manifest
