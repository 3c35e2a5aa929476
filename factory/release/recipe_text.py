"""The recipe as it is published beside what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from factory.evaluation.report import is_local, name_base_model
from factory.recipe import Recipe

NOTE = "# Written from the settings in effect: the recipe's file was overridden, or names folders of one machine.\n"


def publishable_text(recipe: Recipe, path: Path) -> str:
    """Return the recipe's own text, comments included, or its settings in full where the text would mislead.

    That is when settings were overridden, and when a base model is a folder: its place is reduced to its name.
    """
    text = path.read_text(encoding="utf-8")
    settings = recipe.model_dump(mode="json", exclude_none=True)
    written = Recipe.model_validate(yaml.safe_load(text)).model_dump(mode="json", exclude_none=True)
    if settings == written and not any(map(_is_from_a_folder, settings["students"])):
        return text
    if not settings["teachers"]:
        del settings["teachers"]  # which has at least two, or is not there
    return NOTE + yaml.safe_dump(_without_places(settings), sort_keys=False, allow_unicode=True, width=120)


def _without_places(settings: dict[str, Any]) -> dict[str, Any]:
    for student in settings["students"]:
        if _is_from_a_folder(student):
            student["base_model"] = f"./{name_base_model(student['base_model'])}"
    return settings


def _is_from_a_folder(student: dict[str, Any]) -> bool:
    return is_local(student.get("base_model", ""))
