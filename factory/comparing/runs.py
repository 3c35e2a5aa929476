"""What a comparison is made of: runs, and the runs of one student on one task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from factory.errors import DataError

Answer = str | tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One training of one student, with what it answered on gold; both lists are empty after a mere search.

    An answer is a label, or the tuple of labels of a multi-label row. Every run of a task has the same gold rows in
    the same order. `validation` is the macro-F1 that the search found. `init` is how adapters or copied layers start.
    `shared_lr` marks a run that was made only to compare methods at one learning rate.
    """

    task: str
    student: str
    method: str
    lr: float | None
    seed: int
    validation: float
    truth: Sequence[Answer]
    predicted: Sequence[Answer]
    parameters: int
    trained_parameters: int
    cpu_seconds: float | None
    peak_bytes: int | None
    bytes: int
    base_model: str = ""
    shared_lr: bool = False
    init: str = ""


@dataclass(frozen=True)
class Entry:
    """All runs of one student on one task."""

    task: str
    student: str
    runs: tuple[Run, ...]

    @property
    def method(self) -> str:
        """How the student is trained."""
        return self.runs[0].method

    @property
    def init(self) -> str:
        """How its adapters or copied layers start; empty where there is no choice."""
        return self.runs[0].init

    @property
    def base_model(self) -> str:
        """What it starts from; empty where there is none."""
        return self.runs[0].base_model

    @property
    def own_runs(self) -> list[Run]:
        """The runs that may be chosen: all but those made for the sake of a shared learning rate."""
        return [run for run in self.runs if not run.shared_lr] or list(self.runs)

    @property
    def lr(self) -> float | None:
        """The learning rate with the best mean validation score over seeds; of equals, the lowest."""
        return max(self.rates, key=lambda rate: (self.rates[rate], -(rate or 0)))

    @property
    def validation(self) -> float:
        """The mean validation score over seeds at that learning rate."""
        return self.rates[self.lr]

    @property
    def rates(self) -> dict[float | None, float]:
        """The mean validation score over seeds of each learning rate."""
        scores = defaultdict(list)
        for run in self.own_runs:
            scores[run.lr].append(run.validation)
        return {rate: fmean(found) for rate, found in scores.items()}

    def answered_at(self, lr: float | None) -> list[Run]:
        """Return the runs with answers on gold at a learning rate, one a seed, by seed."""
        found = {run.seed: run for run in sorted(self.runs, key=_own_last) if run.lr == lr and run.predicted}
        return [found[seed] for seed in sorted(found)]


def group_runs(runs: Iterable[Run]) -> dict[str, list[Entry]]:
    """Return the entries of each task; tasks and students in the order in which they first occur.

    Raises DataError when a student has no answers on gold at its best learning rate, or when gold rows differ.
    """
    grouped: dict[str, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        grouped[run.task][run.student].append(run)
    tasks = {
        task: [Entry(task, student, tuple(found)) for student, found in students.items()]
        for task, students in grouped.items()
    }
    for entries in tasks.values():
        _check(entries)
    return tasks


def _own_last(run: Run) -> bool:
    return not run.shared_lr


def _check(entries: list[Entry]) -> None:
    truth = next((list(run.truth) for entry in entries for run in entry.runs if run.predicted), [])
    for entry in entries:
        where = f"student {entry.student!r} of {entry.task!r}"
        if not entry.answered_at(entry.lr):
            at = "" if entry.lr is None else f" at its best learning rate, {entry.lr:g}"
            raise DataError(f"{where} has no answers on gold{at}; score that run on the gold rows first")
        for run in entry.runs:
            if run.predicted and (list(run.truth) != truth or len(run.predicted) != len(truth)):
                raise DataError(f"{where} was scored on other gold rows than the students before it; score all anew")
