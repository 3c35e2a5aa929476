"""The scoreboard of a report: for a terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from typing import Any

from factory.evaluation.markdown import columns, escape, plain, table

Json = dict[str, Any]
NOTHING = "-"


def render(report: Json, format: str = "human") -> str:
    """Return the scoreboard as human, markdown or json; without gold no word of it speaks of accuracy."""
    if format == "json":
        return json.dumps(report, indent=1, ensure_ascii=False)
    head, rows = tabulate(report)
    if format == "markdown":
        return table(head, [[escape(cell) for cell in row] for row in rows], "ll" + "r" * (len(head) - 2))
    title = plain(f"{report['title']} ({report['recipe']}, release {report['release']})")
    return "\n".join([title, "", columns(head, [[plain(cell) for cell in row] for row in rows]), "", *explain(report)])


def tabulate(report: Json) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the scoreboard: teacher, every published file, baselines; scores in per cent."""
    head = ["model", "file", "accuracy", "macro-F1", "minus teacher", "agreement", "size", "texts/s", "$/million"]
    lines = [
        *_teacher_lines(report),
        *map(_student_line, report["students"]),
        *map(_baseline_line, report["baselines"]),
    ]
    if not report["gold"]:
        head[5] = "agreement with the teacher"
        gold_columns = {2, 3, 4}
        head, *lines = [
            [cell for place, cell in enumerate(line) if place not in gold_columns] for line in [head, *lines]
        ]
    return head, lines


def explain(report: Json) -> list[str]:
    """Return the sentences that say what the columns are measured on, in plain text."""
    held_out = next((line["agreement"]["rows"] for line in report["baselines"]), 0)
    lines = ["In per cent, with 95 % intervals (percentile bootstrap over rows)."]
    if gold := report["gold"]:
        lines.append(
            f"Accuracy and macro-F1: on {gold['rows']:,} gold rows, labelled by {plain(gold['labelled_by'])}."
        )
        lines += _explain_teacher(report, gold["rows"])
    lines.append(f"Agreement: share of {held_out:,} held-out rows that get the label which the teacher gave them.")
    if report["students"]:
        lines.append(_explain_speed(report["students"][0]))
    return lines


def percent(score: Json | None) -> str:
    """Return a score as per cent with its interval, `76.0 [70.0, 82.0]`."""
    if score is None:
        return NOTHING
    return "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * score[name] for name in ("value", "low", "high")))


def megabytes(size: int) -> str:
    """Return a size as people read it; a megabyte has a million bytes."""
    return f"{size / 1e6:.1f} MB"


def _teacher_lines(report: Json) -> list[list[str]]:
    teacher = report["teacher"]
    if not teacher["gold"]:
        return []
    return [[f"teacher: {teacher['model']}", NOTHING, *_gold_cells(teacher["gold"]), *[NOTHING] * 5]]


def _student_line(entry: Json) -> list[str]:
    return [
        entry["name"],
        entry["format"],
        *_gold_cells(entry["gold"]),
        _difference(entry["against_teacher"]),
        percent(entry["agreement"]),
        megabytes(entry["bytes"]),
        f"{entry['texts_per_second']:,.4g}",
        f"{entry['dollars_per_million']:,.2f}",
    ]


def _baseline_line(entry: Json) -> list[str]:
    name = {"majority": "baseline: most frequent label", "tfidf": "baseline: TF-IDF + logistic regression"}[
        entry["name"]
    ]
    return [name, NOTHING, *_gold_cells(entry["gold"]), NOTHING, percent(entry["agreement"]), *[NOTHING] * 3]


def _gold_cells(gold: Json | None) -> list[str]:
    return [percent(gold and gold["accuracy"]), percent(gold and gold["macro_f1"])]


def _difference(against: Json | None) -> str:
    if against is None:
        return NOTHING
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * against[name] for name in ("difference", "low", "high")))


def _explain_teacher(report: Json, rows: int) -> list[str]:
    score = report["teacher"]["gold"]
    if not score:
        return ["The teacher answered none of the gold rows, so there is no comparison with it."]
    answered = "all of them" if score["rows"] == rows else f"{score['rows']:,} of them, and is scored on those"
    difference = "Minus teacher: accuracy of the file minus that of the teacher on the rows that the teacher answered"
    return [f"The teacher answered {answered}.", f"{difference}, resampled in pairs."]


def _explain_speed(entry: Json) -> str:
    return (
        f"Texts a second: on the machine that built this ({entry['cores']} cores; safetensors in batches of 32, ONNX "
        f"one text a core). Dollars for a million texts: at ${entry['dollars_per_core_hour']:.2f} a core-hour."
    )
