"""The licences of what a recipe takes from Hubs, each asked for once and kept in the store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from factory.errors import HubError
from factory.hub.fetch import Fetcher
from factory.hub.licenses import fetch_license
from factory.hub.target import factory_home
from factory.licensing.parts import Part, list_parts
from factory.planning import Planner
from factory.recipe import LocalTeacher, Recipe
from factory.recipe_students import Based
from factory.store import Artifact, Store, describe

Licenses = dict[str, Artifact]
log = logging.getLogger("factory")


def find_licenses(recipe: Recipe, store: Store, source: Fetcher | None = None) -> Licenses:
    """Return where the licence of each base model and dataset of a recipe is stated, by `kind name`.

    Without `source`, and for a plan, only what is known already. Of what no Hub tells there is nothing, and it is
    asked for again the next time.
    """
    found = Licenses()
    for kind, name, revision in _list_origins(recipe):
        stated = _find_card(recipe, store, name) if _is_folder(name) else _find(kind, name, revision, store, source)
        if stated:
            found.setdefault(f"{kind} {name}", stated)
    return found


def list_known_parts(recipe: Recipe) -> list[Part]:
    """Return what a release would be made of, with the licences that are known already; asks nobody."""
    return list_parts(recipe, find_licenses(recipe, Store(factory_home() / "store")))


def _list_origins(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and revision of what may have a licence that the recipe does not name."""
    for student in recipe.students:
        if isinstance(student, Based):
            yield "model", student.base_model, student.revision
    for teacher in recipe.all_teachers:
        if isinstance(teacher, LocalTeacher):
            yield "model", teacher.local, teacher.revision
    for rows in filter(None, (recipe.texts, recipe.gold)):
        if rows.dataset and not rows.license:
            yield "dataset", rows.dataset, rows.revision


def _find(kind: str, name: str, revision: str, store: Store, source: Fetcher | None) -> Artifact | None:
    if source and not isinstance(store, Planner):
        try:
            return store(fetch_license, kind, name, revision, source)
        except HubError as fault:
            log.info("%s", fault)
            return None
    nobody: dict[str, str] = {}  # as a Fetcher in the key: which Hub tells is no part of it
    return store.look_up(store.folder(describe(fetch_license, (kind, name, revision, nobody))))


def _find_card(recipe: Recipe, store: Store, name: str) -> Artifact | None:
    """Return the card of a model in a folder, if it has one."""
    card = recipe.find(str(Path(name).expanduser())) / "README.md"
    return store.source(card) if card.is_file() else None


def _is_folder(name: str) -> bool:
    return name.startswith((".", "/", "~"))
