"""What the teachers of a recipe have cost so far, and what they are expected to cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from factory.data.development import is_development
from factory.data.examples import Text
from factory.data.generation import tidy
from factory.data.gold import iter_contents
from factory.hub.target import factory_home
from factory.improving.pool import shuffle
from factory.recipe import Recipe, RecordedTeacher, Rows
from factory.store import Artifact
from factory.teacher.forecast import check_forecast, estimate_untold, forecast
from factory.teacher.ledger import summarise
from factory.teacher.recorded import Recordings

FindRows = Callable[[Rows], Artifact]


def find_ledger() -> Path:
    """Return the file that remembers every call of every recipe."""
    return factory_home() / "teacher.sqlite"


def read_spent(recipe: Recipe) -> dict[str, Any]:
    """Return what the recipe has cost so far, which is the same after a run that asked nobody."""
    summary = summarise(find_ledger(), recipe.name)
    spent = {key: summary[key] for key in ("calls", "input_tokens", "output_tokens", "dollars")}
    untold = estimate_untold(find_ledger(), recipe.name)
    return spent | ({"untold": untold} if untold else {})


def account_for(recipe: Recipe, find_rows: FindRows) -> dict[str, Any]:
    """Return what the recipe has cost so far and, where it has asked somebody, how far the forecast was off."""
    spent = read_spent(recipe)
    if not spent["calls"]:
        return spent
    texts, _ = read_known_texts(recipe, find_rows)
    checked = check_forecast(recipe, texts, find_ledger())
    return spent | ({"forecast": checked} if checked else {})


def forecast_teacher(recipe: Recipe, find_rows: FindRows) -> dict[str, Any]:
    """Return calls, tokens and dollars that are still to be paid for, from a dry render of the prompts.

    `uncounted` names the datasets that have not been fetched yet, whose rows the forecast therefore leaves out.
    """
    texts, uncounted = read_known_texts(recipe, find_rows)
    return {**asdict(forecast(recipe, texts, find_ledger())), "uncounted": uncounted}


def read_known_texts(recipe: Recipe, find_rows: FindRows) -> tuple[list[Text], list[str]]:
    """Return the user's texts and those of gold, and the names of datasets that have not been fetched yet.

    With `improve` they are those that the teacher is asked about before the first round.
    """
    texts, unfetched = list[Text](), list[str]()
    for rows in filter(None, (recipe.gold, recipe.texts)):
        path = find_rows(rows).path
        path = path / "rows.jsonl" if rows.dataset else path
        if path.exists():
            texts += _choose_asked(recipe, rows, iter_contents(path, rows, recipe.task.kind))
        else:
            unfetched.append(str(rows.dataset))
    return [*texts, *_read_recorded(recipe)], unfetched


def _choose_asked(recipe: Recipe, rows: Rows, texts: Iterable[Text]) -> Iterable[Text]:
    improve = recipe.improve
    if improve is None:
        return texts
    if rows is recipe.gold:
        return (text for text in texts if not is_development(text, improve.development))
    return shuffle(texts)[: improve.start]


def _read_recorded(recipe: Recipe) -> Iterator[Text]:
    """Yield the texts that were written before, which other teachers of a committee are asked about."""
    teacher = recipe.all_teachers[0]
    if recipe.generate and recipe.teachers and isinstance(teacher, RecordedTeacher):
        recordings = Recordings(recipe.find(teacher.recorded), teacher.model)
        yield from (tidy(row.text) for row in recordings.write(recipe.task, recipe.generate))
