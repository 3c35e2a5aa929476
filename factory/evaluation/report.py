"""Put together the report of a release: the one document that every number on a card comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.recipe import HttpTeacher, LocalTeacher, Recipe

Json = dict[str, Any]


def assemble_report(
    recipe: Recipe,
    release_id: str,
    *,
    data: Json,
    gold: Json | None,
    teacher_score: Json | None,
    students: list[Json],
    withheld: list[Json],
    baselines: list[Json],
    spent: Json,
    committee: Json | None = None,
) -> Json:
    """Return the report of one release.

    `data` counts the rows (`describe_examples`), `gold` has rows and sha256, `withheld` the name, format and reason of
    each file left out, `spent` is the ledger's summary of the recipe, `committee` how far several teachers agree
    (`describe_agreement`). `teacher.dollars` is None when the recipe names no price: unknown, not free.
    """
    teacher = {"model": name_teacher(recipe), "gold": teacher_score, **_describe_cost(recipe, spent)}
    return {
        "recipe": recipe.name,
        "title": recipe.title,
        "release": release_id,
        "labels": recipe.task.names,
        "kind": recipe.task.kind,
        "gold": {**gold, **_describe_gold(recipe, data)} if gold else None,
        "teacher": teacher | ({"committee": committee} if committee else {}),
        "students": students,
        "withheld": withheld,
        "baselines": baselines,
        "data": data,
    }


def name_teacher(recipe: Recipe) -> str:
    """Return the teacher's name as cards and reports give it; of several, all of their names."""
    *others, last = name_teachers(recipe)
    return f"{', '.join(others)} and {last}" if others else last


def name_teachers(recipe: Recipe) -> list[str]:
    """Return the name of each teacher."""
    teachers = recipe.all_teachers
    return [teacher.local if isinstance(teacher, LocalTeacher) else teacher.model for teacher in teachers]


def name_base_model(base_model: str) -> str:
    """Return a Hub id as it is, and of a folder its name alone: where it lay is nobody's business."""
    return Path(base_model).name if is_local(base_model) else base_model


def is_local(base_model: str) -> bool:
    """Whether a recipe's base model is a folder, not a Hub id."""
    return base_model.startswith((".", "/", "~"))


def _describe_gold(recipe: Recipe, data: Json) -> Json:
    leaked = sum(rows for reason, rows in data["removed"].items() if "gold" in reason)
    return {"labelled_by": recipe.gold.labelled_by if recipe.gold else None, "removed_from_training": leaked}


def _describe_cost(recipe: Recipe, spent: Json) -> Json:
    asked = [teacher for teacher in recipe.all_teachers if isinstance(teacher, HttpTeacher)]
    is_priced = all(teacher.price is not None for teacher in asked)
    tokens = {name: spent[name] for name in ("input_tokens", "output_tokens")}
    checked: Json = {name: spent[name] for name in ("untold", "forecast") if name in spent}
    dollars = round(spent["dollars"], 6) if is_priced else None
    return {"calls": spent["calls"], "dollars": dollars, **tokens, **checked}
