"""Score every student of one task on the same draws of its gold rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from factory.comparing.resampling import METRICS, Draws, draw_rows
from factory.comparing.runs import Answer, Entry, Run
from factory.errors import DataError


@dataclass(frozen=True)
class Measured:
    """One student with its scores in every draw: at its best learning rate, and at the reference's."""

    entry: Entry
    runs: Sequence[Run]
    scores: Draws
    by_seed: dict[str, list[float]]
    shared: Draws | None
    answered: Draws | None


@dataclass(frozen=True)
class Task:
    """Every student of one task; `teacher` and every `answered` are on the rows that the teacher answered."""

    name: str
    rows: int
    students: Sequence[Measured]
    teacher: Draws | None
    answered_rows: int
    reference: str

    def reference_of(self, entry: Entry) -> Measured | None:
        """Return what a student is compared with."""
        found = find_reference([it.entry for it in self.students], entry, self.reference)
        return next((it for it in self.students if it.entry is found), None)


def measure_task(entries: Sequence[Entry], teacher: Sequence[Answer | None], reference: str) -> Task:
    """Return the draws of every student of a task and of the teacher; an empty `teacher` answered nothing.

    Raises DataError when the teacher has another number of rows than the gold.
    """
    runs = sorted((run for entry in entries for run in entry.runs if run.predicted), key=_order)
    truth = runs[0].truth
    if teacher and len(teacher) != len(truth):
        raise DataError(f"the teacher has {len(teacher)} answers for {len(truth)} gold rows of {entries[0].task!r}")
    sample = draw_rows(truth, [*(run.predicted for run in runs), *([teacher] if teacher else [])])
    on_gold = [sample.score(number) for number in range(len(runs))]
    answered = sample.is_answered(len(runs)) if any(given is not None for given in teacher) else None
    on_answered = [] if answered is None else [sample.score(number, answered) for number in range(len(runs) + 1)]
    number_of = {id(run): number for number, run in enumerate(runs)}

    def measure(entry: Entry) -> Measured:
        chosen, judge = entry.answered_at(entry.lr), find_reference(entries, entry, reference)
        columns = [number_of[id(run)] for run in chosen]
        shared = [number_of[id(run)] for run in entry.answered_at(judge.lr)] if judge and judge.lr else []
        return Measured(
            entry=entry,
            runs=chosen,
            by_seed={name: [float(on_gold[number][name][0]) for number in columns] for name in METRICS},
            scores=sample.average(columns, on_gold),
            shared=sample.average(shared, on_gold) if shared else None,
            answered=sample.average(columns, on_answered) if on_answered else None,
        )

    return Task(
        name=entries[0].task,
        rows=len(truth),
        students=[measure(entry) for entry in entries],
        teacher=on_answered[-1] if on_answered else None,
        answered_rows=sum(given is not None for given in teacher),
        reference=reference,
    )


class Named(Protocol):
    """A student as a reference is found among others."""

    @property
    def student(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def base_model(self) -> str: ...


NamedType = TypeVar("NamedType", bound=Named)


def find_reference(entries: Sequence[NamedType], entry: Named, reference: str) -> NamedType | None:
    """Return the student of that name or method: of the base model of `entry` before others, names before methods."""
    found = [it for it in entries if reference in (it.student, it.method)]
    return next(iter(sorted(found, key=lambda it: (it.base_model != entry.base_model, it.student != reference))), None)


def _order(run: Run) -> tuple[str, float, int, bool]:
    return (run.student, run.lr or 0, run.seed, run.shared_lr)
