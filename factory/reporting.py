"""Find the report of a built recipe or of a published model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.recipe import Recipe


def find_report(name: str, overrides: Sequence[str] = (), namespace: str | None = None) -> dict[str, Any]:
    """Return the report (interface: "The report") of a recipe's finished build or of a model on the Hub.

    Raises FactoryError when the recipe has not been built as it stands, HubError when the model has no report.
    """
    if Path(name).exists():
        return _built_report(Recipe.read(name, overrides), namespace)
    return _published_report(name)


def _built_report(recipe: Recipe, namespace: str | None) -> dict[str, Any]:
    from factory.pipeline import build
    from factory.planning import plan

    waiting = [step.name for step in plan(recipe, namespace=namespace).steps if not step.cached]
    if waiting:
        raise FactoryError(f"{recipe.path}: {waiting[0]} has not run yet; factory build {recipe.path}")
    return build(recipe, namespace=namespace).report


def _published_report(repo_id: str) -> dict[str, Any]:
    from factory.hub.fetch import fetch_file
    from factory.hub.target import open_target

    with open_target() as target:
        path = fetch_file(target, repo_id, "eval/report.json")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report
