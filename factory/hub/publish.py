"""Publish a release: one commit a repository, a manifest, tags, a collection, and a look from outside."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from factory.hub.changes import Change, repos_of
from factory.hub.faults import explained
from factory.hub.fetch import Fetcher
from factory.hub.history import Repo
from factory.hub.preflight import check_ready
from factory.hub.proposal import propose
from factory.hub.push import Push
from factory.hub.records import Record, read_record, write_record
from factory.hub.regression import check_regression, describe_losses
from factory.hub.review import Review, review_release
from factory.hub.space import watch_space
from factory.hub.staging import staged
from factory.hub.succession import Succession, find_due, find_successions, supersede_all, tell_former_name
from factory.hub.target import Target, factory_home, open_target
from factory.hub.verify import find_bases, verify_release
from factory.hub.zoo import find_leftovers
from factory.licensing.checking import review_licenses
from factory.licensing.recorded import find_licenses
from factory.recipe import Recipe
from factory.store import Store

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
    is_complete: bool = False
    is_dry_run: bool = False
    preview: Review | None = None
    successions: list[Succession] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the document of `factory diff --format json`."""
        changes = [
            {"type": change.repo.type, "id": change.repo.id}
            | {name: getattr(change, name) for name in ("added", "modified", "deleted")}
            for change in self.changes
        ]
        superseded = [{"model": succession.old.id, "by": succession.new} for succession in self.successions]
        told = {"release": self.release, "repositories": changes, "superseded": superseded}
        return {**told, **(self.preview or Review()).as_json()}

    def __str__(self) -> str:
        if self.is_dry_run:
            changes = map(str, [*self.changes, *self.successions])
            return "\n".join([*changes, *(self.preview.lines() if self.preview else [])])
        nothing_done = not self.commits and not self.is_verified_now and not self.successions
        return "\n".join([*(["nothing to do"] if nothing_done else []), *self.urls])


def publish(
    recipe: Recipe,
    *,
    namespace: str | None = None,
    private: bool | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    as_pull_request: bool = False,
    store: Store | None = None,
) -> Published:
    """Build, check the requirements, publish and verify.

    With `dry_run`, say what would change; with `overwrite`, go over what people changed on the Hub; with
    `as_pull_request`, open pull requests and leave main branches alone. Raises HubError before anything is paid for
    when the Hub would refuse, GateError when a requirement is not met or licences contradict.
    """
    from factory.evaluation.gate import check_gate
    from factory.pipeline import build

    private = recipe.publish.private if private is None else private
    store = store or Store(factory_home() / "store")
    with open_target() as target:
        namespace = namespace or recipe.publish.namespace or target.user
        repos = repos_of(recipe, namespace)
        check_ready(target, repos, namespace, private=private)
        review_licenses(recipe, find_licenses(recipe, store, Fetcher(target)), is_strict=not dry_run)
        release = build(recipe, store=store, target=target, namespace=namespace)
        check_gate(release.report, recipe.publish.require)
        repos = [repo for repo in repos if (release.path / repo.folder).is_dir()]
        found = review_release(recipe, release, repos[0].id, store, target)
        push = Push(target, f"release-{release.id}", private, overwrite, found.news)
        due = find_due(target, find_successions(target, recipe, repos), overwrite=overwrite)
        if dry_run:
            return replace(preview_release(release.path, repos, push, found), successions=due)
        if as_pull_request:
            return propose_release(release.path, repos, push, found)
        bases = find_bases(recipe, store, target)
        published = publish_release(release.path, repos, push, title=recipe.title, bases=bases, review=found)
        supersede_all(target, due)
        tell_former_name(target, recipe, repos[0].id)
        if published.commits:
            _tell_leftovers(target, recipe, repos)
        if target.is_embedded:
            log.info("the links open while this runs: factory hub serve")
        return replace(published, successions=due)


def preview_release(folder: Path, repos: Sequence[Repo], push: Push, review: Review | None = None) -> Published:
    """Return what `publish_release` would change; changes nothing."""
    with staged(folder, push.news.sections) as staging:
        changes = [push.plan(staging, repo) for repo in repos]
    return Published(push.tag, _models(repos), [], changes, is_dry_run=True, preview=review)


def propose_release(folder: Path, repos: Sequence[Repo], push: Push, review: Review) -> Published:
    """Open a pull request on each repository that a release would change; `urls` are theirs. Raises HubError."""
    with staged(folder, push.news.sections) as staging:
        changes = [push.plan(staging, repo) for repo in repos]
        urls = propose(push, staging, changes, list(describe_losses(review.differences)))
    return Published(push.tag, _models(repos), urls, changes, len(urls))


def publish_release(
    folder: Path,
    repos: Sequence[Repo],
    push: Push,
    *,
    title: str,
    bases: Mapping[str, Path] | None = None,
    review: Review | None = None,
) -> Published:
    """Push a finished release, put its repositories into a collection, and verify it from outside if that is due.

    `bases` are for `verify_release`. Killed anywhere, the next call goes on. Raises HubError, and GateError when
    something is to be published that the review found worse than what is there.
    """
    target = push.target
    with staged(folder, push.news.sections) as staging:
        planned = [push.plan(staging, repo) for repo in repos]
        if review and review.is_strict and not all(change.is_empty for change in planned):
            check_regression(review.differences)
        pushed = push.run(staging, planned)
        collection = _ensure_collection(target, repos, title, push.private)
        commits = {f"{repo.type} {repo.id}": commit for repo, commit in pushed.commits.items()}
        record = Record(pushed.version.tag, commits, collection)
        is_due = record != read_record(target, repos)
        if is_due:
            verify_release(staging.root, repos, pushed.version.tag, target, bases)
            write_record(target, repos, record)
    for change in pushed.changes:
        if change.repo.type == "space" and not change.is_empty:
            watch_space(target, change.repo.id, pushed.commits[change.repo])
    urls = [*_urls(target, repos), f"{target.endpoint}/collections/{collection}"]
    made = sum(not change.is_empty for change in pushed.changes)
    models = _models(repos)
    return Published(push.tag, models, urls, pushed.changes, made, is_verified_now=is_due, is_complete=True)


def _tell_leftovers(target: Target, recipe: Recipe, repos: Sequence[Repo]) -> None:
    for left in find_leftovers(target, repos):
        remedy = f"factory unpublish {recipe.path} --leftovers"
        log.warning("%s is of an earlier release and no longer in the recipe; %s", left.on(target), remedy)


def _models(repos: Sequence[Repo]) -> list[str]:
    return [repo.id for repo in repos if repo.type == "model"]


def _urls(target: Target, repos: Sequence[Repo]) -> list[str]:
    return [repo.url(target.endpoint) for kind in ("model", "dataset", "space") for repo in repos if repo.type == kind]


def _ensure_collection(target: Target, repos: Sequence[Repo], title: str, private: bool) -> str:
    namespace, short = repos[0].id.split("/")[0], title[:MAX_COLLECTION_TITLE].strip()
    with explained(f"the collection '{short}' on {target.name}"):
        found = target.api.create_collection(short, namespace=namespace, private=private, exists_ok=True)
        there = {(item.item_type, item.item_id) for item in found.items}
        for repo in repos:
            if (repo.type, repo.id) not in there:
                target.api.add_collection_item(found.slug, repo.id, repo.type, exists_ok=True)
    return str(found.slug)
