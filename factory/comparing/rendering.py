"""Show a comparison: for a terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from factory.comparing.claims import METRIC, points
from factory.evaluation.markdown import columns, escape, plain, table
from factory.evaluation.scoreboard import megabytes, percent

Json = dict[str, Any]
Table = tuple[list[str], list[list[str]]]
NOTHING = "-"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"


def render(comparison: Json, format: str = "human") -> str:
    """Return a comparison as human, markdown or json."""
    if format == "json":
        return json.dumps(comparison, indent=1, ensure_ascii=False)
    is_markdown = format == "markdown"
    blocks = []
    for task in comparison["tasks"]:
        blocks.append(_head(task["name"], task["rows"], is_markdown))
        blocks += [_draw(tabulate(task, comparison["reference"]), is_markdown) for tabulate in TABLES]
    sentences = [claim["sentence"] for claim in comparison["claims"]]
    return "\n\n".join([*blocks, *_list(sentences, is_markdown), explain(comparison)])


def summarise(comparison: Json) -> str:
    """Return one Markdown table of all tasks and what it shows, for a README: of several, claims over all."""
    head = ["task", "student", "macro-F1", f"minus {escape(comparison['reference'])}", "trained", "CPU s", "size"]
    rows = [
        [
            escape(task["name"]),
            escape(student["name"]),
            score(student["gold"][METRIC]),
            _difference(student["minus_reference"]),
            count(student["trained_parameters"]),
            _seconds(student["cpu_seconds"]),
            megabytes(student["bytes"]),
        ]
        for task in comparison["tasks"]
        for student in task["students"]
    ]
    return "\n\n".join([table(head, rows, "llrrrrr"), *list_claims(comparison), explain(comparison)])


def list_claims(comparison: Json) -> list[str]:
    """Return what a comparison shows as a Markdown list, if it shows anything: of several tasks, claims over all."""
    several = max((len(claim["tasks"]) for claim in comparison["claims"]), default=0) > 1
    shown = [claim["sentence"] for claim in comparison["claims"] if not several or len(claim["tasks"]) > 1]
    return list(_list(shown, True))


def explain(comparison: Json) -> str:
    """Return what the numbers are, in one paragraph of plain text."""
    return (
        f"{_explain_scores(comparison['tasks'], comparison['draws'])} Differences are in points of macro-F1, on the "
        f"same rows. Each student is at the learning rate that validation prefers for it; at one rate: all at that of "
        f"{plain(comparison['reference'])}. CPU s: of one training; searched: of all that were tried."
    )


def render_curve(curve: Json, format: str = "human") -> str:
    """Return a learning curve as human, markdown or json."""
    if format == "json":
        return json.dumps(curve, indent=1, ensure_ascii=False)
    is_markdown = format == "markdown"
    head = ["student", "rows", "dollars", "macro-F1", "accuracy"]
    rows = [_curve_cells(it["name"], point) for it in curve["students"] for point in it["points"]]
    if teacher := curve["teacher"]:
        rows.append(["teacher", NOTHING, NOTHING, *(percent(teacher[name]) for name in (METRIC, "accuracy"))])
    sentences = [it["last_step"]["sentence"] for it in curve["students"] if it["last_step"]]
    points_of_all = [point for it in curve["students"] for point in it["points"]]
    return "\n\n".join([
        _head(curve["task"], curve["rows"], is_markdown),
        _draw((head, rows), is_markdown),
        *_list(sentences, is_markdown),
        _explain_scores([{"students": points_of_all}], curve["draws"]),
    ])  # fmt: skip


def tabulate_scores(task: Json, reference: str) -> Table:
    """Return head and rows of what each student scores on gold; cells are plain text."""
    head = [
        "student",
        "method",
        "lr",
        "macro-F1",
        "accuracy",
        f"minus {plain(reference)}",
        "p",
        "at one rate",
        "minus teacher",
    ]
    rows = [_score_cells(student) for student in task["students"]]
    if teacher := task["teacher"]:
        scores = [percent(teacher[name]) for name in (METRIC, "accuracy")]
        rows.append(["teacher", f"on {teacher['rows']:,} rows", NOTHING, *scores, *[NOTHING] * 4])
    return head, rows


def tabulate_costs(task: Json, reference: str) -> Table:
    """Return head and rows of what each student costs; cells are plain text."""
    head = ["student", "base model", "seeds", "parameters", "trained", "CPU s", "searched", "memory", "size"]
    return head, [_cost_cells(student) for student in task["students"]]


TABLES: tuple[Callable[[Json, str], Table], ...] = (tabulate_scores, tabulate_costs)


def name_of(text: str, is_markdown: bool) -> str:
    """Return a name that is not ours, fit for the page."""
    return escape(text) if is_markdown else plain(text)


def score(found: Json) -> str:
    """Return a score as per cent, with its spread over seeds if there are several, and its interval."""
    if found["sd"] is None:
        return percent(found)
    value, interval = percent(found).split(" ", 1)
    return f"{value} {PLUS_MINUS} {100 * found['sd']:.1f} {interval}"


def method_of(student: Json) -> str:
    """Return a student's method, with how its adapters or layers start where that is not the default."""
    init = student["init"]
    return f"{student['method']} ({init})" if init not in ("", "default") else str(student["method"])


def count(number: int) -> str:
    """Return a number of parameters as people read it."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def _explain_scores(tasks: Sequence[Json], draws: int) -> str:
    seeds = {len(student["seeds"]) for task in tasks for student in task["students"]}
    spread = "of one seed" if seeds == {1} else f"the mean over seeds {PLUS_MINUS} their standard deviation"
    over = "gold rows" if seeds == {1} else "gold rows and seeds"
    return f"Per cent on gold: {spread} [95 % interval over {over}, paired bootstrap with {draws:,} draws]."


def _head(task: str, rows: int, is_markdown: bool) -> str:
    return f"{'### ' if is_markdown else ''}{name_of(task, is_markdown)}, {rows:,} gold rows"


def _list(sentences: Sequence[str], is_markdown: bool) -> list[str]:
    """Return the sentences as one block, or none."""
    lines = [f"- {escape(sentence)}" for sentence in sentences] if is_markdown else sentences
    return ["\n".join(lines)] if lines else []


def _draw(made: Table, is_markdown: bool) -> str:
    head, rows = made
    cells = [[name_of(cell, is_markdown) if cell != NOTHING else cell for cell in row] for row in rows]
    return table(head, cells, "ll" + "r" * (len(head) - 2)) if is_markdown else columns(head, cells)


def _score_cells(student: Json) -> list[str]:
    difference = student["minus_reference"]
    return [
        student["name"],
        method_of(student),
        NOTHING if student["lr"] is None else f"{student['lr']:g}",
        score(student["gold"][METRIC]),
        score(student["gold"]["accuracy"]),
        _difference(difference),
        f"{difference[METRIC]['p']:.3f}" if difference else NOTHING,
        _difference(student["at_shared_lr"]),
        _difference(student["minus_teacher"]),
    ]


def _cost_cells(student: Json) -> list[str]:
    return [
        student["name"],
        student["base_model"] or NOTHING,
        str(len(student["seeds"])),
        count(student["parameters"]),
        count(student["trained_parameters"]),
        _seconds(student["cpu_seconds"]),
        _seconds(student["search_cpu_seconds"]),
        NOTHING if student["peak_bytes"] is None else megabytes(student["peak_bytes"]),
        megabytes(student["bytes"]),
    ]


def _curve_cells(name: str, point: Json) -> list[str]:
    dollars = NOTHING if point["dollars"] is None else f"{point['dollars']:,.2f}"
    return [name, f"{point['rows']:,}", dollars, *(score(point["gold"][name]) for name in (METRIC, "accuracy"))]


def _difference(found: Json | None) -> str:
    return points(found[METRIC]) if found else NOTHING


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:,.3g}" if seconds < 100 else f"{seconds:,.0f}"
