"""Propose a release instead of publishing it: a pull request on each repository that would change."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from factory.hub.changes import Change, list_files
from factory.hub.faults import explained
from factory.hub.history import Repo
from factory.hub.push import Push, list_operations
from factory.hub.secrets import check_secrets
from factory.hub.staging import Staging
from factory.hub.target import Target

log = logging.getLogger("factory")


def propose(push: Push, staging: Staging, planned: Sequence[Change], reasons: Sequence[str]) -> list[str]:
    """Open a pull request for each change, unless it is open already, and return their addresses.

    Main branches and tags stay as they are; once the requests are merged, `factory publish` completes the release.
    A repository that is not there yet is not proposed: it would have to be created first. Raises HubError.
    """
    check_secrets(staging.release)
    addresses = []
    for change in planned:
        if change.head is None:
            log.info("%s is new, and is published when the rest is", change.repo.on(push.target))
        elif not change.is_empty:
            with explained(change.repo.on(push.target)):
                known = next(_find_open(push.target, change.repo, push.tag), None)
                addresses.append(known or _open(push, change, staging.folder(change.repo), reasons))
    return addresses


def _find_open(target: Target, repo: Repo, title: str) -> Iterator[str]:
    requests = target.api.get_repo_discussions(
        repo.id, repo_type=repo.type, discussion_type="pull_request", discussion_status="open"
    )
    for request in requests:
        if request.title == title:
            yield f"{repo.url(target.endpoint)}/discussions/{request.num}"


def _open(push: Push, change: Change, folder: Path, reasons: Sequence[str]) -> str:
    repo = change.repo
    shown = [push.news.line, *(f"- {reason}" for reason in reasons), "", push.news.sections.get(repo.folder, "")]
    done = push.target.api.create_commit(
        repo.id,
        list_operations(change, folder),
        repo_type=repo.type,
        commit_message=push.tag,
        commit_description="\n".join([*shown, "", "Files:", "", *list_files(folder)]),
        parent_commit=change.head,
        create_pr=True,
    )
    return f"{repo.url(push.target.endpoint)}/discussions/{done.pr_num}"
