"""What a release would change in a repository, and whose changes stand in the way.

Three versions of each file are compared: the release's, the Hub's, and that of the release published before. What
somebody else changed since then is theirs: it is never overwritten or deleted.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from factory.errors import HubError
from factory.hub.target import Target
from factory.recipe import Recipe
from factory.recipe_students import Linear, Module, Static

if TYPE_CHECKING:
    from huggingface_hub.hf_api import GitCommitInfo, RepoFile

    Tree = dict[str, RepoFile]

RepoType = Literal["model", "dataset", "space"]
RELEASE_TITLE = re.compile(r"release-[0-9a-f]+")
FIRST_TITLE = "initial commit"  # of the Hub itself, when a repository is created


@dataclass(frozen=True)
class Repo:
    """A repository of a release: what it is, its id, and the release's folder that it is made of."""

    type: RepoType
    id: str
    folder: str

    def url(self, endpoint: str) -> str:
        """Return the address of its page."""
        return f"{endpoint}/{self.id}" if self.type == "model" else f"{endpoint}/{self.type}s/{self.id}"

    def on(self, target: Target) -> str:
        """Return how messages name it."""
        return f"{self.type} {self.id} on {target.name}"


@dataclass(frozen=True)
class Change:
    """The paths that a commit on top of `head` has to add, modify and delete; with none, `head` holds the release.

    `head` is None while there is no such repository.
    """

    repo: Repo
    head: str | None
    added: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the Hub has the release already."""
        return not (self.added or self.modified or self.deleted)

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


def compare(target: Target, repo: Repo, folder: Path) -> Change:
    """Return what has to change for `repo` to hold the files of `folder`; asks, and changes nothing.

    Raises HubError naming the file when somebody else's change would be lost, and what the Hub's client raises.
    """
    files = {name: folder / name for name in list_files(folder)}
    head = _read_head(target, repo)
    if head is None:
        return Change(repo, None, added=list(files))
    tree = _read_tree(target, repo, head)
    differing = [path for path, file in files.items() if not _is_same(file, tree.get(path))]
    extra = [path for path in tree if path not in files and path != ".gitattributes"]
    if not differing and not extra:
        return Change(repo, head)
    earlier = _read_earlier(target, repo, head)
    deleted = [path for path in extra if path in earlier.listed and not earlier.is_changed(path, tree[path])]
    theirs = [path for path in differing if path in tree and earlier.is_changed(path, tree[path])]
    if not deleted and all(_is_same(files[path], earlier.tree.get(path)) for path in differing):
        return Change(repo, earlier.commit)
    if theirs:
        raise HubError(_conflict(target, repo, theirs, earlier))
    added, modified = ([path for path in differing if (path in tree) is there] for there in (False, True))
    return Change(repo, head, added, modified, deleted)


def list_files(folder: Path) -> list[str]:
    """Return the paths that a release's folder gives its repository."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _read_head(target: Target, repo: Repo) -> str | None:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return target.api.repo_info(repo.id, repo_type=repo.type).sha
    except RepositoryNotFoundError:
        return None


@dataclass(frozen=True)
class Earlier:
    """The last release in a repository's history: its files, those of them that it listed, and the commits since."""

    commit: str
    title: str
    tree: Tree
    listed: frozenset[str]
    since: list[GitCommitInfo]

    def is_changed(self, path: str, file: RepoFile) -> bool:
        """Whether somebody changed a file of the repository after the release."""
        return path not in self.tree or self.tree[path].blob_id != file.blob_id


def _read_earlier(target: Target, repo: Repo, head: str) -> Earlier:
    commits = target.api.list_repo_commits(repo.id, repo_type=repo.type, revision=head)
    for number, commit in enumerate(commits):
        if RELEASE_TITLE.fullmatch(commit.title) or commit.title.lower() == FIRST_TITLE:
            tree = _read_tree(target, repo, commit.commit_id)
            return Earlier(
                commit.commit_id, commit.title, tree, frozenset(commit.message.splitlines()), commits[:number]
            )
    return Earlier(head, "the start", {}, frozenset(), commits)


def _read_tree(target: Target, repo: Repo, revision: str) -> Tree:
    from huggingface_hub.hf_api import RepoFile

    entries = target.api.list_repo_tree(repo.id, repo_type=repo.type, revision=revision, recursive=True)
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}


def _is_same(file: Path, remote: RepoFile | None) -> bool:
    if remote is None or remote.size != file.stat().st_size:
        return False
    if remote.lfs:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == remote.lfs.sha256
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == remote.blob_id


def _conflict(target: Target, repo: Repo, paths: list[str], earlier: Earlier) -> str:
    commits = [f"'{commit.title}' by {', '.join(commit.authors)} ({commit.commit_id[:7]})" for commit in earlier.since]
    return (
        f"{', '.join(paths)} in {repo.on(target)} was changed by somebody else after {earlier.title}, "
        f"in {' and '.join(commits[:3])}; save that change elsewhere, delete the file there, and publish again"
    )
