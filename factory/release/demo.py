"""What the app of a Space shows: demo.json beside app.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.evaluation.markdown import plain
from factory.evaluation.scoreboard import percent
from factory.release.contents import Contents
from factory.release.samples import choose_samples

EXAMPLES = 6


def describe_demo(contents: Contents) -> dict[str, Any]:
    """Return the settings of the app, which shows the recipe's first student; texts are plain, markup is the app's."""
    recipe, student = contents.recipe, contents.recipe.students[0].name
    samples = choose_samples(contents.splits["held_out"], recipe.task.names, EXAMPLES)
    return {
        "title": plain(recipe.title),
        "description": f"A small model that reads one text and answers: {plain(recipe.task.question)}",
        "question": plain(recipe.task.question),
        "model": contents.model_id(student),
        "revision": contents.tag,
        "dataset": contents.dataset_id,
        "labels": {plain(label): plain(meaning) for label, meaning in recipe.task.labels.items()},
        "examples": [sample.text for sample in samples],
        "scoreboard": list(_score_rows(contents, student)),
        "caption": _explain_scores(contents),
    }


def _score_rows(contents: Contents, student: str) -> Iterator[dict[str, str]]:
    entry = contents.entries(student)[0]
    if entry["gold"]:
        yield {"name": "Accuracy on gold", "score": percent(entry["gold"]["accuracy"])}
        yield {"name": "Macro-F1 on gold", "score": percent(entry["gold"]["macro_f1"])}
        if teacher := contents.report["teacher"]["gold"]:
            yield {"name": "Accuracy of its teacher", "score": percent(teacher["accuracy"])}
    yield {"name": "Agreement with its teacher", "score": percent(entry["agreement"])}


def _explain_scores(contents: Contents) -> str:
    held_out = f"Agreement: on {len(contents.splits['held_out']):,} held-out texts that the teacher labelled."
    if gold := contents.report["gold"]:
        held_out = f"Gold: {gold['rows']:,} texts labelled by {plain(gold['labelled_by'])}. {held_out}"
    return f"In per cent, with 95 % intervals. {held_out}"
