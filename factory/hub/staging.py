"""The folders of a release as a Hub is to get them: with what only the moment of publication knows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from factory.hub.changes import CARD, LEFT_ALONE, Change, list_files
from factory.hub.history import History, Repo, is_same, read_text
from factory.hub.target import factory_home
from factory.release.card_text import add_section
from factory.release.release import bring

PROVENANCE = "provenance.json"
COMPOSED = (CARD, PROVENANCE, *LEFT_ALONE)


@dataclass(frozen=True)
class Staging:
    """A copy of a release's folders: `sections` are added to cards by folder."""

    release: Path
    root: Path
    sections: Mapping[str, str] = field(default_factory=dict)

    def folder(self, repo: Repo) -> Path:
        """Return where the files of a repository are."""
        return self.root / repo.folder

    def fill(self, repo: Repo, commits: Mapping[Repo, str]) -> Path:
        """Bring the files of one repository up to date and return their folder."""
        source, folder = self.release / repo.folder, self.folder(repo)
        for name in list_files(source):
            place = folder / name
            if name not in COMPOSED and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                bring(source / name, place)
        folder.mkdir(exist_ok=True)
        card = (source / CARD).read_text(encoding="utf-8")
        section = self.sections.get(repo.folder)
        _write(folder / CARD, add_section(card, section) if section else card)
        self.tell_commits(repo, commits)
        return folder

    def tell_commits(self, repo: Repo, commits: Mapping[Repo, str]) -> None:
        """Write into the provenance of a repository which commits of the others belong to the release."""
        source = self.release / repo.folder / PROVENANCE
        if not source.is_file():
            return
        others = [
            {"type": other.type, "id": other.id, "commit": commit}
            for other, commit in commits.items()
            if other != repo
        ]
        told = {**json.loads(source.read_text(encoding="utf-8")), "repositories": others}
        _write(self.folder(repo) / PROVENANCE, json.dumps(told, indent=1, ensure_ascii=False) + "\n")

    def adopt(self, change: Change) -> None:
        """Take over a card as it was committed."""
        if change.card is not None:
            _write(self.folder(change.repo) / CARD, change.card)

    def restore(self, history: History, commit: str) -> None:
        """Take what was composed when a repository was pushed from its commit."""
        folder = self.folder(history.repo)
        for name in (CARD, PROVENANCE):
            if name in history.earlier.tree:
                _write(folder / name, read_text(history, commit, name))

    def holds(self, history: History, tag: str) -> bool:
        """Whether the last release in a repository is this one, whatever people did since."""
        if history.tag != tag:
            return False
        folder, tree = self.folder(history.repo), history.earlier.tree
        names = [name for name in list_files(folder) if name not in COMPOSED]
        return all(is_same(folder / name, tree.get(name)) for name in names)


@contextmanager
def staged(release: Path, sections: Mapping[str, str] | None = None) -> Iterator[Staging]:
    """Yield a copy of a release that takes no room of its own where the disk allows links; it goes with the block."""
    factory_home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="publishing-", dir=factory_home()) as root:
        yield Staging(release, Path(root), sections or {})


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
