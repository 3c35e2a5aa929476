"""The scoreboard of a report: for a terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from factory.evaluation.improvement import explain_rounds, tabulate_rounds
from factory.evaluation.markdown import columns, escape, plain, table

EXACT_MATCH = (
    "exact match: share of texts that get all of their labels and no other. F1: each label is a yes or no by itself; "
    "macro is the mean over labels, micro counts all decisions together."
)
Json = dict[str, Any]
NOTHING = "-"
SCORES = ("accuracy", "macro-F1", "micro-F1", "agreement")
COSTS = ("size", "texts/s", "$/million")
ON_GOLD = {"accuracy": "accuracy", "macro-F1": "macro_f1", "micro-F1": "micro_f1"}
CONTROL = " from random weights"  # how the name of a control ends that has a student's shape and none of its start


def render(report: Json, format: str = "human") -> str:
    """Return the scoreboard as human, markdown or json; without gold no word of it speaks of accuracy."""
    if format == "json":
        return json.dumps(report, indent=1, ensure_ascii=False)
    if format == "markdown":
        return tabulate_markdown(report, [*SCORES, *COSTS])
    title = plain(f"{report['title']} ({report['recipe']}, release {report['release']})")
    head, rows = tabulate(report, [*ON_GOLD, "minus teacher", "agreement", *COSTS])
    notes = [*explain(report), *([explain_costs(report)] if report["students"] else [])]
    board = columns(head, [[plain(cell) for cell in row] for row in rows])
    shown = [board, "", *_show_modules(report), *_show_rounds(report)]
    return "\n".join([title, "", *shown, *notes])


def _show_modules(report: Json) -> Iterator[str]:
    """Yield the lines of what prompts that were made into weights keep, and cost."""
    from factory.modules.figures import (
        explain_figures,
        list_accuracy,
        list_calibration,
        list_calls,
        list_figures,
    )

    for entry in (entry for entry in report["students"] if "module" in entry):
        yield columns([entry["name"], "", ""], [[name, value, ""] for name, value in list_figures(entry)])
        if accuracy := list_accuracy(entry):
            yield columns(["gold labels given, %", "raw", "calibrated"], accuracy)
        if calibration := list_calibration(entry):
            yield columns(["expected calibration error", "raw", "calibrated"], calibration)
        yield columns(["one text", "CPU ms", "$/million"], list_calls(entry))
        yield from (plain(line) for line in explain_figures(entry))
        yield ""


def _show_rounds(report: Json) -> Iterator[str]:
    """Yield the lines of what rounds of asking again brought."""
    if improve := report.get("data", {}).get("improve"):
        yield columns(*tabulate_rounds(improve))
        units = "pairs" if report["kind"] == "pair" else "texts"
        yield from (plain(line) for line in explain_rounds(improve, units))
        yield ""


def tabulate_markdown(report: Json, names: Sequence[str]) -> str:
    """Return the columns `names` of the scoreboard as a Markdown table."""
    head, rows = tabulate(report, names)
    cells = [[*(cell if cell == NOTHING else escape(cell) for cell in row[:2]), *row[2:]] for row in rows]
    return table(head, cells, "ll" + "r" * (len(head) - 2))


def tabulate(report: Json, names: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return head and rows: teacher, every published file, baselines; scores in per cent."""
    has_gold = report["gold"] is not None
    hidden = set() if has_gold else {*ON_GOLD, "minus teacher"}
    hidden |= set() if is_multi_label(report) else {"micro-F1"}
    shown = [name for name in names if name not in hidden]
    students, baselines = map(_student_line, report["students"]), map(_baseline_line, report["baselines"])
    titles = {"agreement": "agreement"} if has_gold else {"agreement": "agreement with the teacher"}
    titles |= {"accuracy": "exact match"} if is_multi_label(report) else {}
    head = [titles.get(name, name) for name in shown]
    rows = [
        [line["model"], line["file"], *(line.get(name, NOTHING) for name in shown)]
        for line in (*_teacher_lines(report), *students, *baselines)
    ]
    return ["model", "file", *head], rows


def explain(report: Json) -> list[str]:
    """Return the sentences that say what the scores are measured on, in plain text."""
    held_out, is_multi = report["baselines"][0]["agreement"]["rows"], is_multi_label(report)
    units = "pairs" if report["kind"] == "pair" else "texts"
    lines = ["Per cent, with 95 % intervals (percentile bootstrap over rows)."]
    if gold := report["gold"]:
        scores = "exact match, macro-F1, micro-F1" if is_multi else "accuracy, macro-F1"
        lines.append(f"{scores}: on {gold['rows']:,} gold {units}, labelled by {plain(gold['labelled_by'])}.")
        if is_multi:
            lines.append(EXACT_MATCH)
        lines.append(_explain_teacher(report, gold["rows"]))
    same = "exactly the labels" if is_multi else "the label"
    lines.append(f"agreement: share of {held_out:,} held-out {units} that get {same} which the teacher gave them.")
    return [*lines, *_explain_baselines(report), *_explain_withheld(report)]


def is_multi_label(report: Json) -> bool:
    """Whether a text may have any number of labels."""
    return bool(report["kind"] == "multi-label")


def explain_costs(report: Json) -> str:
    """Return what speed and cost are measured on."""
    entry = report["students"][0]
    return (
        f"texts/s: through the file itself on the machine that built it ({entry['cores']} cores; networks from "
        f"safetensors in batches of 32, all else as `factory.load` reads it). $/million: a million texts at that "
        f"speed, at {entry['dollars_per_core_hour']:.2f} dollars a core-hour."
    )


def percent(score: Json) -> str:
    """Return a score as per cent with its interval, `76.0 [70.0, 82.0]`."""
    return "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * score[name] for name in ("value", "low", "high")))


def megabytes(size: int) -> str:
    """Return a size as people read it; a megabyte has a million bytes."""
    return f"{size / 1e6:.1f} MB"


def _teacher_lines(report: Json) -> list[dict[str, str]]:
    gold = report["teacher"]["gold"]
    return [{"model": "teacher", "file": NOTHING, **_gold_cells(gold)}] if gold else []


def _student_line(entry: Json) -> dict[str, str]:
    against = entry["against_teacher"]
    return {
        "model": entry["name"],
        "file": entry["format"],
        **_gold_cells(entry["gold"]),
        **({"minus teacher": _points(against)} if against else {}),
        "agreement": percent(entry["agreement"]),
        "size": megabytes(entry["bytes"]),
        "texts/s": f"{entry['texts_per_second']:,.4g}",
        "$/million": f"{entry['dollars_per_million']:,.2f}",
    }


def _baseline_line(entry: Json) -> dict[str, str]:
    scores = {**_gold_cells(entry["gold"]), "agreement": percent(entry["agreement"])}
    return {"model": f"baseline: {entry['name']}", "file": NOTHING, **scores}


def _gold_cells(gold: Json | None) -> dict[str, str]:
    return {title: percent(gold[name]) for title, name in ON_GOLD.items() if name in gold} if gold else {}


def _points(against: Json) -> str:
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * against[name] for name in ("difference", "low", "high")))


def _explain_teacher(report: Json, rows: int) -> str:
    teacher = report["teacher"]
    if not teacher["gold"]:
        return f"teacher: {plain(teacher['model'])} answered none of the gold texts, so nothing is compared with it."
    answered = teacher["gold"]["rows"]
    share = "all of them" if answered == rows else f"{answered:,} of them, and is scored on those"
    return f"teacher: {plain(teacher['model'])}; it answered {share}."


def _explain_baselines(report: Json) -> Iterator[str]:
    most, model = ("label", "logistic regression")
    if is_multi_label(report):
        most, model = ("set of labels", "a logistic regression for each label")
    yield (
        f"baselines: majority always gives the most frequent {most}; tfidf is {model} on TF-IDF of words and pairs of "
        f"words. Both learn the rows that a student learns."
    )
    if any(entry["name"].endswith(CONTROL) for entry in report["baselines"]):
        yield (
            f"a baseline whose name ends in '{CONTROL.strip()}' is a network of the student's shape, trained in the "
            f"same way, with nothing copied into it."
        )


def _explain_withheld(report: Json) -> Iterator[str]:
    for entry in report.get("withheld", []):  # reports of early releases have no such list
        yield f"left out: {plain(entry['name'])} as {entry['format']}, since {plain(entry['reason'])}."
