"""Publish a release: one commit a repository, a tag on each, a collection, and a look from outside."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from factory.errors import HubError
from factory.hub.changes import Change, Repo, compare, list_files, repos_of
from factory.hub.faults import FAULTS, explained, is_worth_another_look, sentence
from factory.hub.preflight import check_ready
from factory.hub.records import Record, read_record, write_record
from factory.hub.secrets import check_secrets
from factory.hub.target import Target, factory_home, open_target
from factory.hub.verify import find_bases, verify_release
from factory.recipe import Recipe
from factory.store import Store

RETRY_AFTER_SECONDS = (1, 4, 15)
MAX_COLLECTION_TITLE = 60
log = logging.getLogger("factory")


@dataclass(frozen=True)
class Published:
    """What was published where; `urls` are those of the models, the dataset, the Space and the collection."""

    release: str
    models: list[str]
    urls: list[str]
    changes: list[Change]
    commits: int = 0
    is_verified_now: bool = False
    is_dry_run: bool = False

    def __str__(self) -> str:
        if self.is_dry_run:
            return "\n".join(map(str, self.changes))
        nothing_done = not self.commits and not self.is_verified_now
        return "\n".join([*(["nothing to do"] if nothing_done else []), *self.urls])


def publish(
    recipe: Recipe,
    *,
    namespace: str | None = None,
    private: bool | None = None,
    dry_run: bool = False,
    store: Store | None = None,
) -> Published:
    """Build, check the requirements, publish and verify; with `dry_run`, say what would change.

    Raises HubError before anything is paid for when the Hub would refuse, GateError when a requirement is not met.
    """
    from factory.evaluation.gate import check_gate
    from factory.pipeline import build

    private = recipe.publish.private if private is None else private
    store = store or Store(factory_home() / "store")
    with open_target() as target:
        namespace = namespace or recipe.publish.namespace or target.user
        repos = repos_of(recipe, namespace)
        check_ready(target, repos, namespace, private=private)
        release = build(recipe, store=store, target=target, namespace=namespace)
        check_gate(release.report, recipe.publish.require)
        repos = [repo for repo in repos if (release.path / repo.folder).is_dir()]
        if dry_run:
            return preview_release(release.path, repos, release_id=release.id, target=target)
        published = publish_release(
            release.path,
            repos,
            release_id=release.id,
            title=recipe.title,
            private=private,
            target=target,
            bases=find_bases(recipe, store, target),
        )
        if target.is_embedded:
            log.info("the links open while this runs: factory hub serve")
        return published


def preview_release(folder: Path, repos: list[Repo], *, release_id: str, target: Target) -> Published:
    """Return what `publish_release` would change; changes nothing."""
    changes = [_compare(target, repo, folder) for repo in repos]
    return Published(_tag(release_id), _models(repos), [], changes, is_dry_run=True)


def publish_release(
    folder: Path,
    repos: list[Repo],
    *,
    release_id: str,
    title: str,
    private: bool,
    target: Target,
    bases: Mapping[str, Path] | None = None,
) -> Published:
    """Push a finished release, put its repositories into a collection, and verify it from outside if that is due.

    `bases` are for `verify_release`. Killed anywhere, the next call goes on. Raises HubError.
    """
    tag = _tag(release_id)
    pushed = push_release(folder, repos, tag, private=private, target=target)
    collection = _ensure_collection(target, repos, title, private)
    commits = {f"{change.repo.type} {change.repo.id}": commit for change, commit in pushed}
    record = Record(tag, commits, collection)
    is_due = record != read_record(target, repos)
    if is_due:
        verify_release(folder, repos, tag, target, bases)
        write_record(target, repos, record)
    urls = [*_urls(target, repos), f"{target.endpoint}/collections/{collection}"]
    changes = [change for change, _ in pushed]
    made = sum(not change.is_empty for change in changes)
    return Published(tag, _models(repos), urls, changes, made, is_verified_now=is_due)


def push_release(
    folder: Path, repos: list[Repo], tag: str, *, private: bool, target: Target
) -> list[tuple[Change, str]]:
    """Bring the folders of a release to the Hub, byte for byte, and return each change with the tagged commit.

    Each repository gets one commit, or none when it holds the release already. Raises HubError; a file that somebody
    else changed is named and left alone.
    """
    check_secrets(folder)
    changes = [_compare(target, repo, folder) for repo in repos]
    for change in changes:
        _check_card(target, change, folder)
    tagged = []
    for change in changes:
        with explained(change.repo.on(target)):
            head = _bring(target, change, folder, tag, private)
            tagged.append(_ensure_tag(target, change.repo, tag, head))
    return list(zip(changes, tagged, strict=True))


def _tag(release_id: str) -> str:
    return f"release-{release_id}"


def _models(repos: list[Repo]) -> list[str]:
    return [repo.id for repo in repos if repo.type == "model"]


def _urls(target: Target, repos: list[Repo]) -> list[str]:
    return [repo.url(target.endpoint) for kind in ("model", "dataset", "space") for repo in repos if repo.type == kind]


def _compare(target: Target, repo: Repo, folder: Path) -> Change:
    with explained(repo.on(target)):
        return compare(target, repo, folder / repo.folder)


def _check_card(target: Target, change: Change, folder: Path) -> None:
    """Let the Hub read a new README before the first commit, so that no release stops half-way for it."""
    repo, card = change.repo, folder / change.repo.folder / "README.md"
    if "README.md" not in [*change.added, *change.modified]:
        return
    with explained(f"README.md of {repo.on(target)}"):
        body = {"content": card.read_text(encoding="utf-8"), "repoType": repo.type}
        response = httpx2.post(f"{target.endpoint}/api/validate-yaml", json=body, timeout=30)
        if response.status_code == 400:
            faults = "; ".join(fault["message"] for fault in response.json()["errors"])
            raise HubError(f"README.md of {repo.on(target)} is refused: {faults}; mend the recipe")
        response.raise_for_status()


def _bring(target: Target, planned: Change, folder: Path, tag: str, private: bool) -> str:
    """Make a repository hold the release and return the commit that does.

    After a fault it looks at what is there before it tries again: a commit whose reply was lost is not made twice,
    and one of somebody else is seen.
    """
    repo, waits = planned.repo, iter(RETRY_AFTER_SECONDS)
    change: Change | None = planned
    while True:
        try:
            change = change or compare(target, repo, folder / repo.folder)
            return _commit(target, change, folder, tag, private)
        except FAULTS as fault:
            seconds = next(waits, None)
            if seconds is None or not is_worth_another_look(fault):
                raise
            log.info("%s; looking again in %d s", sentence(fault, repo.on(target)), seconds)
        time.sleep(seconds)
        change = None


def _commit(target: Target, change: Change, folder: Path, tag: str, private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    repo, files = change.repo, folder / change.repo.folder
    if change.head is None:
        _create_repo(target, repo, private)
        change = compare(target, repo, files)
    if change.is_empty:
        return str(change.head)
    add = [CommitOperationAdd(path, files / path) for path in [*change.added, *change.modified]]
    delete = [CommitOperationDelete(path, is_folder=False) for path in change.deleted]
    log.info("%s: %d files to add or change, %d to delete", repo.on(target), len(add), len(delete))
    done = target.api.create_commit(
        repo.id,
        [*add, *delete],
        repo_type=repo.type,
        commit_message=tag,
        commit_description="\n".join(list_files(files)),
        parent_commit=change.head,
    )
    return str(done.oid)


def _create_repo(target: Target, repo: Repo, private: bool) -> None:
    target.api.create_repo(
        repo.id,
        repo_type=repo.type,
        visibility="private" if private else "public",
        space_sdk="gradio" if repo.type == "space" else None,
        exist_ok=True,
    )


def _ensure_tag(target: Target, repo: Repo, tag: str, head: str) -> str:
    """Return the commit under the release's tag, which is set on `head` if it is not there yet."""
    tags = {ref.name: ref.target_commit for ref in target.api.list_repo_refs(repo.id, repo_type=repo.type).tags}
    if tag not in tags:
        target.api.create_tag(repo.id, tag=tag, revision=head, repo_type=repo.type, exist_ok=True)
    return tags.get(tag, head)


def _ensure_collection(target: Target, repos: list[Repo], title: str, private: bool) -> str:
    namespace, short = repos[0].id.split("/")[0], title[:MAX_COLLECTION_TITLE].strip()
    with explained(f"the collection '{short}' on {target.name}"):
        found = target.api.create_collection(short, namespace=namespace, private=private, exists_ok=True)
        there = {(item.item_type, item.item_id) for item in found.items}
        for repo in repos:
            if (repo.type, repo.id) not in there:
                target.api.add_collection_item(found.slug, repo.id, repo.type, exists_ok=True)
    return str(found.slug)
