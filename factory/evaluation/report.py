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
) -> Json:
    """Return the report of one release.

    `data` counts the rows (`describe_examples`), `gold` has rows and sha256, `withheld` the name, format and reason of
    each file left out, `spent` is the ledger's summary of the recipe. `teacher.dollars` is None when the recipe names
    no price: unknown, not free.
    """
    return {
        "recipe": recipe.name,
        "title": recipe.title,
        "release": release_id,
        "labels": recipe.task.names,
        "kind": recipe.task.kind,
        "gold": {**gold, **_describe_gold(recipe, data)} if gold else None,
        "teacher": {"model": name_teacher(recipe), "gold": teacher_score, **_describe_cost(recipe, spent)},
        "students": students,
        "withheld": withheld,
        "baselines": baselines,
        "data": data,
    }


def name_teacher(recipe: Recipe) -> str:
    """Return the teacher's name as cards and reports give it."""
    teacher = recipe.teacher
    return teacher.local if isinstance(teacher, LocalTeacher) else teacher.model


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
    is_priced = not isinstance(recipe.teacher, HttpTeacher) or recipe.teacher.price is not None
    tokens = {name: spent[name] for name in ("input_tokens", "output_tokens")}
    return {"calls": spent["calls"], "dollars": round(spent["dollars"], 6) if is_priced else None, **tokens}
