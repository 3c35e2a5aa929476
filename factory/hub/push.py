"""Bring the folders of a release to a Hub: a commit a repository, the manifest when all are there, then the tags."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from factory.errors import HubError
from factory.hub.changes import CARD, MANIFEST, Change, compare_with, list_files
from factory.hub.faults import FAULTS, explained, is_worth_another_look, sentence
from factory.hub.history import History, Repo, read_history
from factory.hub.manifest import Manifest, Member, Version, read_manifest
from factory.hub.secrets import check_secrets
from factory.hub.staging import PROVENANCE, Staging, staged
from factory.hub.target import Target
from factory.release.news import FIRST, News
from factory.store import hash_files

RETRY_AFTER_SECONDS = (1, 4, 15)
COMPLETE = "the manifest, which makes it complete"
log = logging.getLogger("factory")


@dataclass(frozen=True)
class Pushed:
    """What a push changed, the commit of each repository that holds the release, and what the release is called."""

    changes: list[Change]
    commits: dict[Repo, str]
    version: Version


@dataclass(frozen=True)
class Push:
    """A release on its way to a Hub under `tag`; `overwrite` lets it go over what people changed."""

    target: Target
    tag: str
    private: bool = False
    overwrite: bool = False
    news: News = field(default_factory=News)

    def run(self, staging: Staging, planned: Sequence[Change]) -> Pushed:
        """Push what is not there yet: the changes that `plan` found, then the manifest, which is the last of them.

        Raises HubError; a file that somebody else changed is named and left alone.
        """
        check_secrets(staging.release)
        for change in planned:
            self._check_card(change, staging.folder(change.repo))
        commits: dict[Repo, str] = {}
        for change in planned:
            commits[change.repo] = self._push(staging, change, commits)
        manifest, last, commit = self._complete(staging, commits)
        commits[last.repo] = commit
        for repo, held in commits.items():
            with explained(repo.on(self.target)):
                self._set_tags(repo, held, [self.tag, manifest.version.tag], manifest.version.change)
        return Pushed([*planned, last], commits, manifest.version)

    def plan(self, staging: Staging, repo: Repo) -> Change:
        """Return what has to change in a repository, whose folder is brought up to date; changes nothing there."""
        staging.fill(repo, {})
        with explained(repo.on(self.target)):
            history = read_history(self.target, repo)
            if staging.holds(history, self.tag):
                commit = find_content(history, self.tag)
                staging.restore(history, commit)
                return Change(repo, commit)
            change = compare_with(history, staging.folder(repo), overwrite=self.overwrite)
        if change.lost:
            log.warning("overwriting: %s", change.lost)
        return change

    def run_alone(self, staging: Staging, repo: Repo) -> str:
        """Push a repository that belongs to no release, and return the commit that holds it; raises HubError."""
        check_secrets(staging.release)
        change = self.plan(staging, repo)
        self._check_card(change, staging.folder(repo))
        return self._push(staging, change, {})

    def _push(self, staging: Staging, planned: Change, commits: dict[Repo, str]) -> str:
        repo = planned.repo
        if planned.is_empty:
            return str(planned.head)
        folder = staging.fill(repo, commits)
        with explained(repo.on(self.target)):
            if planned.head is None:
                _create_repo(self.target, repo, self.private)
            change, commit = self._bring(repo, folder, self.tag)
            staging.adopt(change)
            if repo.type != "dataset":
                self._set_tags(repo, commit, [self.tag])
        return commit

    def _complete(self, staging: Staging, commits: dict[Repo, str]) -> tuple[Manifest, Change, str]:
        """Commit the manifest and what the dataset tells of the other repositories."""
        dataset = next(repo for repo in commits if repo.type == "dataset")
        folder = staging.folder(dataset)
        manifest = self._describe(staging, commits, dataset)
        staging.tell_commits(dataset, commits)
        (folder / MANIFEST).write_text(str(manifest), encoding="utf-8", newline="\n")
        with explained(dataset.on(self.target)):
            title = f"{self.tag}: {COMPLETE}"
            return manifest, *self._bring(dataset, folder, title, only=(MANIFEST, PROVENANCE))

    def _describe(self, staging: Staging, commits: dict[Repo, str], dataset: Repo) -> Manifest:
        members = []
        for repo, commit in commits.items():
            files = {name: digest for name, (digest, _) in hash_files(staging.folder(repo)).items()}
            files.pop(MANIFEST, None)
            members.append(Member(repo.type, repo.id, commit, files))
        before = read_manifest(self.target, dataset.id)
        return Manifest(dataset.id.split("/")[1], list(self._count(before)), members)

    def _count(self, before: Manifest | None) -> Iterator[Version]:
        release = self.tag.partition("-")[2]
        if before and before.release == release:
            yield from before.versions
            return
        yield from before.versions if before else ()
        yield Version(before.version.version + 1 if before else 1, release, self.news.line if before else FIRST)

    def _bring(self, repo: Repo, folder: Path, title: str, only: tuple[str, ...] = ()) -> tuple[Change, str]:
        """Make a repository hold `folder`, or `only` some files of it; return the change and the commit that does.

        After a fault it looks at what is there before it tries again: a commit whose reply was lost is not made
        twice, and one of somebody else is seen.
        """
        waits = iter(RETRY_AFTER_SECONDS)
        while True:
            try:
                history = read_history(self.target, repo)
                change = compare_with(history, folder, overwrite=self.overwrite, only=only)
                return change, self._commit(change, folder, title)
            except FAULTS as fault:
                seconds = next(waits, None)
                if seconds is None or not is_worth_another_look(fault):
                    raise
                log.info("%s; looking again in %d s", sentence(fault, repo.on(self.target)), seconds)
            time.sleep(seconds)

    def _commit(self, change: Change, folder: Path, title: str) -> str:
        if change.is_empty:
            return str(change.head)
        operations = list_operations(change, folder)
        log.info("%s: %d files to add, change or delete", change.repo.on(self.target), len(operations))
        done = self.target.api.create_commit(
            change.repo.id,
            operations,
            repo_type=change.repo.type,
            commit_message=title,
            commit_description="\n".join(list_files(folder)),
            parent_commit=change.head,
        )
        return str(done.oid)

    def _check_card(self, change: Change, folder: Path) -> None:
        """Let the Hub read a new README before the first commit, so that no release stops half-way for it."""
        repo = change.repo
        if CARD not in [*change.added, *change.modified]:
            return
        text = change.card or (folder / CARD).read_text(encoding="utf-8")
        with explained(f"{CARD} of {repo.on(self.target)}"):
            body = {"content": text, "repoType": repo.type}
            response = httpx2.post(f"{self.target.endpoint}/api/validate-yaml", json=body, timeout=30)
            if response.status_code == 400:
                faults = "; ".join(fault["message"] for fault in response.json()["errors"])
                raise HubError(f"{CARD} of {repo.on(self.target)} is refused: {faults}; mend the recipe")
            response.raise_for_status()

    def _set_tags(self, repo: Repo, commit: str, names: Sequence[str], message: str = "") -> None:
        """Set the tags that are not there yet; raises HubError for one that is not on a commit of the release."""
        api = self.target.api
        tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo.id, repo_type=repo.type).tags}
        for name in names:
            if name not in tags:
                given: dict[str, Any] = {"tag": name, "tag_message": message or None, "revision": commit}
                api.create_tag(repo.id, repo_type=repo.type, exist_ok=True, **given)
            elif tags[name] != commit and not self._is_ours(repo, tags[name]):
                where = f"the tag {name} of {repo.on(self.target)}"
                raise HubError(f"{where} is on another commit than the release; delete that tag and publish again")

    def _is_ours(self, repo: Repo, commit: str) -> bool:
        """Whether a commit brought this release, the last time or an earlier one."""
        return commit in {found.commit_id for found in read_history(self.target, repo).find(self.tag)}


def push_release(
    folder: Path, repos: Sequence[Repo], tag: str, *, private: bool, target: Target, overwrite: bool = False
) -> Pushed:
    """Bring the folders of a release to a Hub and mark them as complete; as `Push.run`."""
    push = Push(target, tag, private, overwrite)
    with staged(folder) as staging:
        return push.run(staging, [push.plan(staging, repo) for repo in repos])


def find_content(history: History, tag: str) -> str:
    """Return the newest commit that brought the files of a release, not its manifest."""
    found = history.find(tag)
    return next((commit for commit in found if not commit.title.endswith(COMPLETE)), found[-1]).commit_id


def list_operations(change: Change, folder: Path) -> list[Any]:
    """Return what a commit has to do to make a change."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    paths = [*change.added, *change.modified]
    add = [CommitOperationAdd(path, change.content(path, folder)) for path in paths]
    return [*add, *(CommitOperationDelete(path, is_folder=False) for path in change.deleted)]


def _create_repo(target: Target, repo: Repo, private: bool) -> None:
    target.api.create_repo(
        repo.id,
        repo_type=repo.type,
        visibility="private" if private else "public",
        space_sdk="gradio" if repo.type == "space" else None,
        exist_ok=True,
    )
