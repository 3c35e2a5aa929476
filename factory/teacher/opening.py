"""Open the teacher that a recipe names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from factory.errors import TeacherError
from factory.recipe import Budget, HttpTeacher, LocalTeacher, RecordedTeacher, TeacherSettings
from factory.teacher import Teacher
from factory.teacher.client import ChatTeacher
from factory.teacher.local import LanguageModel
from factory.teacher.recorded import Recordings


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
        return Recordings(folder / settings.recorded, settings.model)
    if settings.prompt:
        from factory.modules.teacher import PromptedModel

        return PromptedModel(settings, lambda: _find_model(settings, folder, base), folder / settings.prompt)
    return LanguageModel(settings, lambda: _find_model(settings, folder, base))


def _find_model(settings: LocalTeacher, folder: Path, base: Callable[[str, str], Path] | None) -> Path:
    if settings.local.startswith((".", "/", "~")) or (folder / settings.local / "config.json").is_file():
        return folder / Path(settings.local).expanduser()
    if base is None:
        raise TeacherError(f"teacher.local: {settings.local!r} is no folder beside the recipe; correct the path")
    return base(settings.local, settings.revision)
