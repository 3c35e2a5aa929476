"""What the app of a Space shows: demo.json beside app.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.evaluation.markdown import plain
from factory.evaluation.scoreboard import percent
from factory.release.contents import Contents
from factory.release.samples import choose_samples

EXAMPLES = 6


def describe_demo(contents: Contents, student: str) -> dict[str, Any]:
    """Return the settings of the app that shows `student`; texts are plain, markup is the app's.

    `boxes` name the two texts of a pair, `thresholds` are those of a multi-label model; other tasks have neither.
    """
    recipe, thresholds = contents.recipe, contents.thresholds(student)
    what = "two texts" if contents.is_pair else "one text"
    samples = choose_samples(contents.splits["held_out"], recipe.task.names, EXAMPLES)
    return {
        "title": plain(recipe.title),
        "description": f"A small model that reads {what} and answers: {plain(recipe.task.question)}",
        "question": plain(recipe.task.question),
        "model": contents.model_id(student),
        "revision": contents.tag,
        "dataset": contents.dataset_id,
        "labels": {plain(label): plain(meaning) for label, meaning in recipe.task.labels.items()},
        "examples": [list(sample.content) if contents.is_pair else sample.text for sample in samples],
        "scoreboard": list(_score_rows(contents, student)),
        "caption": _explain_scores(contents),
        **({"boxes": [plain(recipe.task.text), plain(recipe.task.text_pair)]} if contents.is_pair else {}),
        **({"thresholds": thresholds} if thresholds else {}),
    }


def _score_rows(contents: Contents, student: str) -> Iterator[dict[str, str]]:
    entry = contents.entries(student)[0]
    if entry["gold"]:
        name = "Exact match" if contents.is_multi_label else "Accuracy"
        yield {"name": f"{name} on gold", "score": percent(entry["gold"]["accuracy"])}
        yield {"name": "Macro-F1 on gold", "score": percent(entry["gold"]["macro_f1"])}
        if teacher := contents.report["teacher"]["gold"]:
            yield {"name": f"{name} of its teacher", "score": percent(teacher["accuracy"])}
    yield {"name": "Agreement with its teacher", "score": percent(entry["agreement"])}


def _explain_scores(contents: Contents) -> str:
    held_out = (
        f"Agreement: on {len(contents.splits['held_out']):,} held-out {contents.units} that the teacher labelled."
    )
    if gold := contents.report["gold"]:
        held_out = f"Gold: {gold['rows']:,} {contents.units} labelled by {plain(gold['labelled_by'])}. {held_out}"
    return f"In per cent, with 95 % intervals. {held_out}"
