"""Open the teacher that a recipe names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from factory.recipe import Budget, HttpTeacher, RecordedTeacher, TeacherSettings
from factory.teacher import Teacher
from factory.teacher import recorded as recorded_teacher
from factory.teacher.client import ChatTeacher


def open_teacher(
    settings: TeacherSettings,
    *,
    recipe: str,
    budget: Budget,
    ledger: Path,
    folder: Path,
    base: Callable[[str, str], Path] | None = None,
) -> Teacher:
    """Return the teacher of `settings`; nothing is read, loaded or asked before it is used.

    `recipe` is the name under which the budget is kept in the file `ledger`, `folder` is where a recorded teacher's
    files and a local model's folder are looked for, and `base(repo_id, revision)` returns the folder of a model on a
    Hub.
    """
    if isinstance(settings, HttpTeacher):
        return ChatTeacher(settings, recipe=recipe, budget=budget, ledger=ledger)
    if isinstance(settings, RecordedTeacher):
        return recorded_teacher.RecordedTeacher(folder / settings.recorded, settings.model)
    raise NotImplementedError
