"""Compare methods on matched data: scores with intervals, differences to a reference, costs, claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from factory.comparing.claims import make_claims
from factory.comparing.measuring import Measured, Task, measure_task
from factory.comparing.resampling import METRICS, Draws
from factory.comparing.runs import Answer, Run, group_runs
from factory.evaluation.intervals import DRAWS, difference_of, interval_of

Json = dict[str, Any]
Teachers = Mapping[str, Sequence[Answer | None]]


def compare(runs: Iterable[Run], reference: str = "full", teachers: Teachers | None = None) -> Json:
    """Return the comparison of all students on all tasks, as JSON holds it.

    `reference` names the student or the method that the others are compared with, within a task and, where there is
    one, a base model. `teachers` has the teacher's answers on the gold of each task, None where it gave none.
    Validation chooses each student's learning rate; gold only scores it. Raises DataError when answers on gold are
    missing.

    `tasks`: name, rows, teacher, students. A student's `gold` has for macro_f1 and accuracy the mean over seeds with
    low and high (95 %, over rows and seeds) and the sd, min and max over seeds; `minus_reference`, `at_shared_lr` (at
    the reference's best learning rate) and `minus_teacher` have difference, low, high and p, or are null. `claims`:
    see make_claims. Equal runs in any order, with rows in any order, give equal numbers.
    """
    tasks = [
        measure_task(entries, (teachers or {}).get(name, ()), reference) for name, entries in group_runs(runs).items()
    ]
    return {
        "reference": reference,
        "draws": DRAWS,
        "tasks": [_describe_task(task) for task in tasks],
        "claims": make_claims(tasks),
    }


def describe_score(measured: Measured) -> Json:
    """Return for each metric the mean over seeds with its interval, and the spread over seeds."""
    return {
        name: {**interval_of(values), **_spread(measured.by_seed[name])} for name, values in measured.scores.items()
    }


def _describe_task(task: Task) -> Json:
    teacher = {name: interval_of(values) for name, values in task.teacher.items()} if task.teacher else None
    return {
        "name": task.name,
        "rows": task.rows,
        "teacher": {"rows": task.answered_rows, **teacher} if teacher else None,
        "students": [_describe_student(task, measured) for measured in task.students],
    }


def _describe_student(task: Task, measured: Measured) -> Json:
    entry, against = measured.entry, task.reference_of(measured.entry)
    is_compared = against is not None and against is not measured
    return {
        "name": entry.student,
        "method": entry.method,
        "init": entry.init,
        "base_model": entry.base_model,
        "lr": entry.lr,
        "seeds": [run.seed for run in measured.runs],
        "validation": [
            {"method": run.method, "lr": run.lr, "seed": run.seed, "macro_f1": round(run.validation, 6)}
            for run in sorted(entry.runs, key=lambda run: (run.method, run.lr or 0, run.seed))
            if run.validation is not None and not run.shared_lr
        ],
        "gold": describe_score(measured),
        "reference": against.entry.student if against and is_compared else None,
        "minus_reference": _minus(measured.scores, against.scores) if against and is_compared else None,
        "at_shared_lr": _at_shared_lr(measured, against) if against and is_compared else None,
        "minus_teacher": _minus(measured.answered, task.teacher) if measured.answered and task.teacher else None,
        **_sum_costs(measured),
    }


def _spread(scores: Sequence[float]) -> Json:
    sd = round(stdev(scores), 6) if len(scores) > 1 else None
    return {"sd": sd, "min": round(min(scores), 6), "max": round(max(scores), 6)}


def _minus(ours: Draws, theirs: Draws) -> Json:
    return {name: difference_of(ours[name] - theirs[name]) for name in METRICS}


def _at_shared_lr(measured: Measured, against: Measured) -> Json | None:
    if not measured.shared or not against.shared:
        return None
    return {"lr": against.entry.lr, **_minus(measured.shared, against.shared)}


def _sum_costs(measured: Measured) -> Json:
    """Return sizes, and what one training cost on average; `search_cpu_seconds` is that of all its runs."""
    runs, first = measured.runs, measured.runs[0]
    spent = [run.cpu_seconds for run in runs if run.cpu_seconds is not None]
    searched = [run.cpu_seconds for run in measured.entry.runs if run.cpu_seconds is not None]
    return {
        "parameters": first.parameters,
        "trained_parameters": first.trained_parameters,
        "cpu_seconds": round(fmean(spent), 3) if spent else None,
        "search_cpu_seconds": round(sum(searched), 3) if searched else None,
        "peak_bytes": max((run.peak_bytes for run in runs if run.peak_bytes is not None), default=None),
        "bytes": first.bytes,
    }
