"""How a student's score grows with the rows it is trained on, and whether more would help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from factory.comparing.claims import METRIC, judge, points
from factory.comparing.comparison import describe_score
from factory.comparing.measuring import Measured, measure_task
from factory.comparing.runs import Answer, Entry, Run
from factory.evaluation.intervals import DRAWS, difference_of, interval_of
from factory.evaluation.markdown import plain

Json = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A run on some of the rows; `dollars` is what the teacher's answers to these cost, None if that is not known."""

    run: Run
    rows: int
    dollars: float | None


@dataclass(frozen=True)
class Step:
    """A student on a number of rows, with its scores in every draw."""

    part: Part
    measured: Measured


def trace_curve(parts: Iterable[Part], teacher: Sequence[Answer | None] = ()) -> Json:
    """Return the learning curve of every student on one task, as JSON holds it.

    `students`: name, `points` (rows, dollars, seeds, `gold` as in compare) by rising rows, and `last_step`, from the
    point before the last to the last: `from`, `to`, difference, low, high and p of macro-F1, `verdict` on whether more
    rows still help, `sentence`; null for a single point. `teacher` has its answers on the gold rows.
    """
    found: dict[tuple[str, int], list[Part]] = {}
    for part in sorted(parts, key=lambda part: (part.run.student, part.rows, part.run.seed)):
        found.setdefault((part.run.student, part.rows), []).append(part)
    entries = [Entry(some[0].run.task, name, tuple(it.run for it in some)) for (name, _), some in found.items()]
    task = measure_task(entries, teacher, reference="")
    curves: dict[str, list[Step]] = {}
    for (name, _), some, measured in zip(found, found.values(), task.students, strict=True):
        curves.setdefault(name, []).append(Step(some[0], measured))
    answered = {name: interval_of(values) for name, values in task.teacher.items()} if task.teacher else None
    return {
        "task": task.name,
        "rows": task.rows,
        "draws": DRAWS,
        "teacher": {"rows": task.answered_rows, **answered} if answered else None,
        "students": [_describe(task.name, name, steps) for name, steps in curves.items()],
    }


def _describe(task: str, name: str, steps: Sequence[Step]) -> Json:
    return {
        "name": name,
        "points": [
            {
                "rows": step.part.rows,
                "dollars": step.part.dollars,
                "seeds": [run.seed for run in step.measured.runs],
                "gold": describe_score(step.measured),
            }
            for step in steps
        ],
        "last_step": _compare(task, name, *steps[-2:]) if len(steps) > 1 else None,
    }


def _compare(task: str, name: str, before: Step, last: Step) -> Json:
    found = difference_of(last.measured.scores[METRIC] - before.measured.scores[METRIC])
    verdict = judge(found)
    start, end = before.part, last.part
    paid = "" if not (start.dollars and end.dollars) else f", for ${end.dollars - start.dollars:,.2f} more"
    sentence = (
        f"{plain(task)}, {plain(name)}: from {start.rows:,} to {end.rows:,} rows{paid}, macro-F1 on gold changes by "
        f"{points(found)} points. More rows still help: {verdict}."
    )
    return {"from": start.rows, "to": end.rows, **found, "verdict": verdict, "sentence": sentence}
