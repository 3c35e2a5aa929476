"""Name on the card of a published model the one that takes its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from factory.errors import HubError
from factory.hub.changes import CARD
from factory.hub.faults import explained
from factory.hub.history import History, Repo, read_history, read_text
from factory.hub.manifest import read_manifest
from factory.hub.records import find_former_name, remember_name
from factory.hub.target import Target
from factory.recipe import Recipe
from factory.release.card_text import read_card, set_metadata

KEY = "new_version"
log = logging.getLogger("factory")


@dataclass(frozen=True)
class Succession:
    """A published model, and the id of the one whose name its card is to carry."""

    old: Repo
    new: str

    def __str__(self) -> str:
        return f"{self.old.type} {self.old.id}\n  M {CARD}: {KEY} {self.new}"


def find_successions(target: Target, recipe: Recipe, repos: Sequence[Repo]) -> list[Succession]:
    """Return which published models the models among `repos` take the place of, as publish.supersedes says.

    That names a recipe by its former name, or one model; each model is succeeded by that of the same student, or by
    the first. What is not there any more is told of and left out.
    """
    models = [repo.id for repo in repos if repo.type == "model"]
    if recipe.publish.supersedes is None or not models:
        return []
    dataset, name = repos[0].id, recipe.publish.supersedes
    former = name if "/" in name else f"{dataset.split('/')[0]}/{name}"
    found = [Succession(old, _choose(old, former, dataset, models)) for old in _list_old(target, former)]
    if not found:
        log.warning("publish.supersedes: %s has no release with a model on %s; check the name", former, target.name)
    return [succession for succession in found if succession.old.id not in models]


def tell_former_name(target: Target, recipe: Recipe, dataset_id: str) -> None:
    """Say once how a recipe that was published under another name tells so on the old cards; remember its name."""
    former = find_former_name(target, recipe.path, dataset_id)
    if former and recipe.publish.supersedes is None:
        setting = f"publish: {{supersedes: {former.split('/')[1]}}}"
        log.warning(
            "%s was published as %s before; to name the new models on its cards: %s", recipe.path, former, setting
        )
    remember_name(target, recipe.path, dataset_id)


def find_due(target: Target, successions: Sequence[Succession], *, overwrite: bool = False) -> list[Succession]:
    """Return those that their card does not tell yet; one that somebody gave another successor is left unless
    `overwrite`."""
    due = []
    for succession in successions:
        with explained(succession.old.on(target)):
            told = read_card(_read(read_history(target, succession.old))).metadata.get(KEY)
        if told is None or (told != succession.new and overwrite):
            due.append(succession)
        elif told != succession.new:
            log.warning("%s names %s as its successor; to go over that: --overwrite", succession.old.id, told)
    return due


def supersede_all(target: Target, successions: Sequence[Succession]) -> None:
    """Commit the name of its successor to the card of each old model. Raises HubError."""
    for succession in successions:
        supersede(target, succession.old, succession.new)


def supersede(target: Target, repo: Repo, new_version: str) -> None:
    """Commit the name of the successor to a model's card, of which nothing else changes. Raises HubError."""
    from huggingface_hub import CommitOperationAdd

    if repo.type != "model":
        raise HubError(f"{repo.on(target)} is no model, and only a model's card can name a newer one; delete it")
    with explained(repo.on(target)):
        if not target.api.repo_exists(new_version):
            raise HubError(f"{new_version} does not exist on {target.name}; check the name of the successor")
        history = read_history(target, repo)
        before = _read(history)
        text = set_metadata(before, {KEY: new_version})
        if text == before:
            return
        log.info("%s: its card names %s as the newer version", repo.on(target), new_version)
        target.api.create_commit(
            repo.id,
            [CommitOperationAdd(CARD, text.encode())],
            commit_message=f"Superseded by {new_version}",
            parent_commit=history.head,
        )


def _list_old(target: Target, former: str) -> Iterator[Repo]:
    """Yield the models of a recipe's newest release under a former name, or the one model of that name."""
    manifest = read_manifest(target, former)
    models = [member.id for member in manifest.repositories if member.type == "model"] if manifest else [former]
    for name in models:
        old = Repo("model", name, "")
        with explained(old.on(target)):
            if read_history(target, old).tag is not None:
                yield old


def _choose(old: Repo, former: str, dataset: str, models: Sequence[str]) -> str:
    """Return the model of the same student, or the first."""
    same = f"{dataset}-{old.id.removeprefix(f'{former}-')}"
    return same if same in models else models[0]


def _read(history: History) -> str:
    return read_text(history, str(history.head), CARD) if CARD in history.tree else ""
