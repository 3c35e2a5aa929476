"""What can be known to go wrong before anything is paid for."""

from __future__ import annotations

import logging
from typing import Any

from factory.errors import HubError
from factory.hub.faults import WRITE, explained
from factory.hub.history import Repo, is_first, tag_of
from factory.hub.target import Target

WRITING_ROLES = ("admin", "write", "contributor")
log = logging.getLogger("factory")


def check_ready(target: Target, repos: list[Repo], namespace: str, *, private: bool) -> None:
    """Check the token, the names and what is there already; asks, and changes nothing.

    Raises HubError with the remedy.
    """
    _check_namespace(target, namespace)
    _check_token(target, namespace)
    for repo in repos:
        with explained(repo.on(target)):
            _check_existing(target, repo, private)
    if private and any(repo.type == "space" for repo in repos):
        log.info("a private Space needs a secret HF_TOKEN that may read the model: set it in the Space's settings")


def _check_namespace(target: Target, namespace: str) -> None:
    if namespace.lower() == str(target.account["name"]).lower():
        return
    roles = {org["name"].lower(): org.get("roleInOrg", "write") for org in target.account.get("orgs", [])}
    role = roles.get(namespace.lower())
    if role is None:
        known = ", ".join([target.account["name"], *roles])
        raise HubError(f"this token may not publish as '{namespace}' on {target.name}; choose --namespace of: {known}")
    if role not in WRITING_ROLES:
        raise HubError(f"your role in '{namespace}' is '{role}'; ask its administrator for 'contributor' or 'write'")


def _check_token(target: Target, namespace: str) -> None:
    token = target.account.get("auth", {}).get("accessToken", {})
    name, role = token.get("displayName", ""), token.get("role", "write")
    if role == "read" or (role == "fineGrained" and not _may_write(token, namespace)):
        raise HubError(f"the token '{name}' may only read from {target.name}; use {WRITE} for '{namespace}'")


def _may_write(token: dict[str, Any], namespace: str) -> bool:
    scopes = token.get("fineGrained", {}).get("scoped", [])
    writable = [scope["entity"].get("name", "") for scope in scopes if "repo.write" in scope.get("permissions", [])]
    return namespace.lower() in map(str.lower, writable)


def _check_existing(target: Target, repo: Repo, private: bool) -> None:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = target.api.repo_info(repo.id, repo_type=repo.type)
    except RepositoryNotFoundError:
        return
    shown = repo.on(target)
    if info.id.lower() != repo.id.lower():
        raise HubError(f"{shown} has moved to {info.id}; choose another `name` in the recipe, or another --namespace")
    sdk = getattr(info, "sdk", None)
    if sdk not in (None, "gradio"):
        raise HubError(f"{shown} runs '{sdk}', not gradio; choose another `name` in the recipe, or delete it")
    if bool(info.private) != private:
        now, wanted = ("private", "public") if info.private else ("public", "private")
        option = "" if repo.type == "model" else f" --type {repo.type}"
        remedy = f"hf repos settings {repo.id}{option} --{wanted}"
        raise HubError(f"{shown} is {now}, and the release is to be {wanted}; to change that: {remedy}")
    commits = target.api.list_repo_commits(repo.id, repo_type=repo.type)
    if not any(tag_of(commit.title) for commit in commits) and not all(map(is_first, commits)):
        raise HubError(f"{shown} is not a release of hf-factory; choose another `name` in the recipe, or delete it")
