"""What a repository of a Hub holds and how it came to: the last release in it, and what people did since."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from factory.hub.target import Target

if TYPE_CHECKING:
    from huggingface_hub.hf_api import GitCommitInfo, RepoFile

    Tree = dict[str, RepoFile]

RepoType = Literal["model", "dataset", "space"]
FIRST_TITLE = "initial commit"  # of the Hub itself, when a repository is created
_RELEASE_TITLE = re.compile(r"(release-[0-9a-f]+)(: .*| \(#\d+\))?")  # the last is how a Hub merges a pull request


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
class History:
    """The commits of a repository's main branch, newest first; none while there is no such repository."""

    target: Target
    repo: Repo
    commits: list[GitCommitInfo]

    @property
    def head(self) -> str | None:
        """The commit that the branch is on."""
        return self.commits[0].commit_id if self.commits else None

    @property
    def tag(self) -> str | None:
        """The tag of the last release in it."""
        return self._releases[0][1] if self._releases else None

    @property
    def since(self) -> list[GitCommitInfo]:
        """The commits after the last release."""
        if self._releases:
            return self.commits[: self._releases[0][0]]
        return [commit for commit in self.commits if not is_first(commit)]

    def find(self, tag: str) -> list[GitCommitInfo]:
        """Return the commits of a release, newest first: of a dataset two, the newer with the manifest."""
        return [self.commits[number] for number, name in self._releases if name == tag]

    @cached_property
    def tree(self) -> Tree:
        """The files at the head."""
        return read_tree(self.target, self.repo, self.head) if self.head else {}

    @cached_property
    def earlier(self) -> Earlier:
        """The last release, or the repository as it was created."""
        firsts = [number for number, commit in enumerate(self.commits) if is_first(commit)]
        numbers = [number for number, _ in self._releases] + firsts
        if not numbers:
            return Earlier("", "the start", {}, frozenset())
        commit = self.commits[numbers[0]]
        tree = read_tree(self.target, self.repo, commit.commit_id)
        return Earlier(commit.commit_id, commit.title, tree, frozenset(commit.message.splitlines()))

    @cached_property
    def _releases(self) -> list[tuple[int, str]]:
        found = [(number, tag_of(commit.title)) for number, commit in enumerate(self.commits)]
        return [(number, tag) for number, tag in found if tag]


@dataclass(frozen=True)
class Earlier:
    """A release in a repository's history: its commit, its files, and those of them that it listed."""

    commit: str
    title: str
    tree: Tree
    listed: frozenset[str]

    def is_changed(self, path: str, file: RepoFile) -> bool:
        """Whether somebody changed a file of the repository after the release."""
        return path not in self.tree or self.tree[path].blob_id != file.blob_id


def read_history(target: Target, repo: Repo) -> History:
    """Return what a Hub has of a repository; asks, and changes nothing."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return History(target, repo, target.api.list_repo_commits(repo.id, repo_type=repo.type))
    except RepositoryNotFoundError:
        return History(target, repo, [])


def tag_of(title: str) -> str | None:
    """Return the tag of the release that the commit of this title brought, None for another commit."""
    found = _RELEASE_TITLE.fullmatch(title)
    return found[1] if found else None


def is_first(commit: GitCommitInfo) -> bool:
    """Whether the Hub itself made the commit, when the repository was created."""
    return commit.title.lower() == FIRST_TITLE


def describe(commits: list[GitCommitInfo]) -> str:
    """Return who committed what and when, in a phrase."""
    shown = [
        f"'{commit.title}' by {', '.join(commit.authors)} on {commit.created_at:%Y-%m-%d} ({commit.commit_id[:7]})"
        for commit in commits[:3]
    ]
    more = [f"{len(commits) - 3} more"] if len(commits) > 3 else []
    return " and ".join([*shown, *more])


def read_tree(target: Target, repo: Repo, revision: str) -> Tree:
    """Return the files of a repository by path."""
    from huggingface_hub.hf_api import RepoFile

    entries = target.api.list_repo_tree(repo.id, repo_type=repo.type, revision=revision, recursive=True)
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}


def read_text(history: History, revision: str, path: str) -> str:
    """Return a text of a repository as it was at a commit, line ends and all."""
    place = history.target.api.hf_hub_download(history.repo.id, path, repo_type=history.repo.type, revision=revision)
    return Path(place).read_bytes().decode("utf-8", errors="replace")


def is_same(content: Path | bytes, remote: RepoFile | None) -> bool:
    """Whether a file, or bytes, are what a Hub has."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if remote is None or remote.size != size:
        return False
    if remote.lfs:
        return _hash(content, "sha256") == remote.lfs.sha256
    return _hash(content, "sha1", b"blob %d\0" % size) == remote.blob_id


def _hash(content: Path | bytes, name: Literal["sha1", "sha256"], prefix: bytes = b"") -> str:
    digest = hashlib.new(name, prefix, usedforsecurity=False)
    if isinstance(content, bytes):
        digest.update(content)
    else:
        with content.open("rb") as file:
            while piece := file.read(2**20):
                digest.update(piece)
    return digest.hexdigest()
