"""What every published file said of every row, so that each number of the report can be computed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from factory.evaluation.scoring import read_predictions
from factory.release.contents import Contents
from factory.store import Artifact


def write_predictions(contents: Contents, student: str, reports: Mapping[str, Artifact], path: Path) -> None:
    """Write a JSON object a line: format, set (gold or test), id of the text, expected and predicted label, score;
    of a multi-label task lists of labels, and the score of every label.

    Ids stand for texts: those of the test rows are in the dataset, gold texts belong to whoever wrote the recipe.
    """
    published = {entry["format"] for entry in contents.entries(student)}
    rows = [("gold", row) for row in contents.gold] + [("test", row) for row in contents.splits["held_out"]]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for format, report in reports.items():
            if format not in published:
                continue
            for (part, row), said in zip(rows, read_predictions(report), strict=True):
                answer = {"expected": row.answer, "predicted": said["answer"], "score": said["score"]}
                line = {"format": format, "set": part, "id": row.id, **answer}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
