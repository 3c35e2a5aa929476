"""What a release would change in a repository, and whose changes stand in the way.

Three versions of each file are compared: the release's, the Hub's, and that of the release published before. What
somebody else changed since then is theirs: it is not overwritten or deleted without being shown. In a card, what
people wrote around the generated part is carried over.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import HubError
from factory.hub.history import History, Repo, describe, is_same, read_text
from factory.recipe import Recipe
from factory.recipe_students import Linear, Module, Static
from factory.release.card_text import merge_cards

CARD, MANIFEST = "README.md", "release.json"
LEFT_ALONE = (".gitattributes", MANIFEST)  # the Hub's own, and what names the release before until this one is whole


@dataclass(frozen=True)
class Change:
    """The paths that a commit on top of `head` has to add, modify and delete; with none, `head` holds the release.

    `head` is None while there is no such repository. `card` is the text of the card where it is not the release's own,
    since people edited it; `lost` tells what of theirs would be overwritten.
    """

    repo: Repo
    head: str | None
    added: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    card: str | None = None
    lost: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the Hub has the release already."""
        return not (self.added or self.modified or self.deleted)

    def content(self, path: str, folder: Path) -> Path | bytes:
        """Return what the repository is to hold at `path`, where `folder` is the release's."""
        return self.card.encode() if path == CARD and self.card is not None else folder / path

    def __str__(self) -> str:
        marked = [("A", self.added), ("M", self.modified), ("D", self.deleted)]
        lines = [f"  {mark} {path}" for mark, paths in marked for path in paths]
        return "\n".join([f"{self.repo.type} {self.repo.id}", *(lines or ["  unchanged"])])


def repos_of(recipe: Recipe, namespace: str) -> list[Repo]:
    """Return the repositories that a recipe may fill, in the order of publication: what others refer to comes first.

    Whether there is a Space may depend on what `method: auto` chooses; a release has a folder for each that it fills.
    """
    name = f"{namespace}/{recipe.name}"
    suffixes = [suffix for student in recipe.students for suffix in student.repositories]
    models = [Repo("model", f"{name}-{suffix}", f"model-{suffix}") for suffix in suffixes]
    has_space = any(not isinstance(student, Linear | Static | Module) for student in recipe.students)
    return [Repo("dataset", name, "dataset"), *models, *([Repo("space", name, "space")] if has_space else [])]


def compare_with(history: History, folder: Path, *, overwrite: bool = False, only: Collection[str] = ()) -> Change:
    """Return what has to change for a repository to hold the files of `folder`, or `only` some of them.

    Raises HubError naming the file, and who changed it when, where somebody else's change would be lost, unless
    `overwrite` says that it may.
    """
    repo, names = history.repo, [name for name in list_files(folder) if name in only or not only]
    files = {name: folder / name for name in names}
    if history.head is None:
        return Change(repo, None, added=list(files))
    tree = history.tree
    card, lost = _merge_card(history, files)
    change = Change(repo, history.head, card=card)
    differing = [path for path in files if not is_same(change.content(path, folder), tree.get(path))]
    extra = [] if only else [path for path in tree if path not in files and path not in LEFT_ALONE]
    if not differing and not extra:
        return change
    earlier = history.earlier
    deleted = [path for path in extra if path in earlier.listed and not earlier.is_changed(path, tree[path])]
    others = [path for path in differing if path in tree and path != CARD and earlier.is_changed(path, tree[path])]
    lost = ", ".join([*([lost] if lost and CARD in differing else []), *others])
    shown = f"{lost} in {repo.on(history.target)} was changed after {earlier.title} in {describe(history.since)}"
    if lost and not overwrite:
        raise HubError(f"{shown}; save that change elsewhere, and go on with --overwrite")
    added, modified = ([path for path in differing if (path in tree) is there] for there in (False, True))
    return Change(repo, history.head, added, modified, deleted, card, shown if lost else "")


def list_files(folder: Path) -> list[str]:
    """Return the paths that a release's folder gives its repository."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _merge_card(history: History, files: dict[str, Path]) -> tuple[str | None, str]:
    """Return the card with what people changed in it, and what of that would be lost; None where they did not."""
    earlier, there = history.earlier, history.tree.get(CARD)
    if CARD not in files or there is None or not earlier.is_changed(CARD, there):
        return None, ""
    theirs = read_text(history, str(history.head), CARD)
    before = read_text(history, earlier.commit, CARD) if CARD in earlier.tree else ""
    merged = merge_cards(files[CARD].read_text(encoding="utf-8"), theirs, before)
    return merged.text, f"{CARD} ({', '.join(merged.clashes)})" if merged.clashes else ""
