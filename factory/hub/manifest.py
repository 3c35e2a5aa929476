"""The manifest of a release: which commit of which repository belongs to it, and the hash of every file.

It is `release.json` in the dataset, and the last that a publication commits. Whoever follows it reads the old release
or the new one, never a mix.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from factory.errors import HubError
from factory.hub.changes import MANIFEST
from factory.hub.fetch import find_file
from factory.hub.history import RepoType
from factory.hub.target import Target

FORMAT = 1
Json = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """A repository of a release, the commit that belongs to it, and the SHA-256 of each file there."""

    type: RepoType
    id: str
    commit: str
    files: dict[str, str]


@dataclass(frozen=True)
class Version:
    """One release of a recipe among its others, with what it changed in a line."""

    version: int
    release: str
    change: str

    @property
    def tag(self) -> str:
        """The tag that counts the releases."""
        return f"v{self.version}"


@dataclass(frozen=True)
class Manifest:
    """A release as a whole; `versions` ends with this one."""

    recipe: str
    versions: list[Version]
    repositories: list[Member] = field(default_factory=list)

    @property
    def version(self) -> Version:
        """What this release is called."""
        return self.versions[-1]

    @property
    def release(self) -> str:
        """The id of this release."""
        return self.version.release

    def find(self, repo_type: str, repo_id: str) -> Member | None:
        """Return a repository of the release."""
        same = (member for member in self.repositories if (member.type, member.id) == (repo_type, repo_id))
        return next(same, None)

    def __str__(self) -> str:
        shown = {"format": FORMAT, "recipe": self.recipe, **asdict(self.version), **asdict(self)}
        return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def read_manifest(target: Target, dataset_id: str, revision: str | None = None) -> Manifest | None:
    """Return the manifest of a dataset at a revision (default: the newest), None where there is none.

    Raises HubError for one that cannot be read.
    """
    path = find_file(target, dataset_id, MANIFEST, repo_type="dataset", revision=revision)
    place = f"{MANIFEST} of dataset {dataset_id} on {target.name}"
    return parse_manifest(path.read_text(encoding="utf-8"), place) if path else None


def parse_manifest(text: str, place: str) -> Manifest:
    """Return the manifest in `text`; raises HubError naming the place where it is none."""
    try:
        found = json.loads(text)
        members = [Member(**member) for member in found["repositories"]]
        return Manifest(found["recipe"], [Version(**version) for version in found["versions"]], members)
    except (ValueError, KeyError, TypeError) as fault:
        raise HubError(f"{place} is damaged ({fault}); publish the recipe again") from fault
