"""What every published file said of every row, so that each number of the report can be computed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from factory.release.contents import Contents, read_predictions
from factory.store import Artifact


def write_predictions(contents: Contents, reports: Mapping[str, Artifact], path: Path) -> None:
    """Write a JSON object a line: format, set (gold or test), id of the text, expected and predicted label, score.

    Ids stand for texts: those of the test rows are in the dataset, gold texts belong to whoever wrote the recipe.
    """
    rows = [("gold", row) for row in contents.gold] + [("test", row) for row in contents.splits["held_out"]]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for format, report in reports.items():
            for (part, row), said in zip(rows, read_predictions(report), strict=True):
                answer = {"expected": row.label, "predicted": said["label"], "score": said["score"]}
                line = {"format": format, "set": part, "id": row.id, **answer}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
