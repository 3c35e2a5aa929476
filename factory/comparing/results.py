"""Keep a comparison or a learning curve as files: the numbers, a page, pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from factory.comparing.plots import save_curve, save_learning_rates, save_sizes
from factory.comparing.rendering import render, render_curve
from factory.evaluation.markdown import escape

Json = dict[str, Any]
RESULTS, CURVE = "results.json", "curve.json"


def write_results(comparison: Json, folder: Path) -> None:
    """Write results.json, table.md and the pictures of each task, learning-rates-<task>.svg and sizes-<task>.svg."""
    _write_json(comparison, folder / RESULTS)
    blocks = [render(comparison, "markdown")]
    for task in comparison["tasks"]:
        name = task["name"]
        if any(student["lr"] for student in task["students"]):
            save_learning_rates(task, folder / f"learning-rates-{name}.svg")
            blocks.append(_show("Validation score by learning rate", name, f"learning-rates-{name}.svg"))
        save_sizes(task, folder / f"sizes-{name}.svg")
        blocks.append(_show("Gold score by size", name, f"sizes-{name}.svg"))
    (folder / "table.md").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def write_curve(curve: Json, folder: Path) -> None:
    """Write curve.json, curve.md and curve.svg."""
    _write_json(curve, folder / CURVE)
    save_curve(curve, folder / "curve.svg")
    page = "\n\n".join([render_curve(curve, "markdown"), _show("Learning curve", curve["task"], "curve.svg")])
    (folder / "curve.md").write_text(page + "\n", encoding="utf-8")


def read_results(folder: Path) -> Json:
    """Return the comparison that was written to a folder."""
    found: Json = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    return found


def _write_json(content: Json, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _show(title: str, task: str, file: str) -> str:
    return f"![{title}, {escape(task)}]({file})"
