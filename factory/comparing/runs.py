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
    the same order. `validation` is the macro-F1 that the search found, None for a run that was not searched: another
    seed of a chosen run, or one made only to compare methods at one learning rate, which `shared_lr` marks. `init` is
    how adapters or copied layers start.
    """

    task: str
    student: str
    method: str
    lr: float | None
    seed: int
    validation: float | None
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


Setting = tuple[str, str, float | None]


@dataclass(frozen=True)
class Entry:
    """All runs of one student on one task; what it may have tried are methods, inits and learning rates."""

    task: str
    student: str
    runs: tuple[Run, ...]

    @property
    def method(self) -> str:
        """How the student is trained."""
        return self.best[0]

    @property
    def init(self) -> str:
        """How its adapters or copied layers start; empty where there is no choice."""
        return self.best[1]

    @property
    def lr(self) -> float | None:
        """Its learning rate; None where there is none."""
        return self.best[2]

    @property
    def base_model(self) -> str:
        """What it starts from; empty where there is none."""
        return next(run.base_model for run in self.runs if _setting(run) == self.best)

    @property
    def validation(self) -> float:
        """Its mean validation score over the seeds that were searched."""
        return self.scores[self.best]

    @property
    def best(self) -> Setting:
        """The setting with the best mean validation score; of equals, the first that was scored on gold."""
        scored = {_setting(run) for run in self.runs if run.predicted}
        return max(self.scores, key=lambda setting: (self.scores[setting], setting in scored))

    @property
    def scores(self) -> dict[Setting, float]:
        """The mean validation score over seeds of each setting; runs for the sake of a shared rate are not asked."""
        found = defaultdict(list)
        for run in self.runs:
            if run.validation is not None and not run.shared_lr:
                found[_setting(run)].append(run.validation)
        return {setting: fmean(scores) for setting, scores in found.items()}

    def answered_at(self, lr: float | None) -> list[Run]:
        """Return the runs of its method with answers on gold at a learning rate, one a seed, by seed."""
        found = {
            run.seed: run
            for run in sorted(self.runs, key=lambda run: not run.shared_lr)
            if run.predicted and _setting(run) == (self.method, self.init, lr)
        }
        return [found[seed] for seed in sorted(found)]


def group_runs(runs: Iterable[Run]) -> dict[str, list[Entry]]:
    """Return the entries of each task; tasks and students in the order in which they first occur.

    Raises DataError when a student was not searched, or has no answers on gold at its best learning rate, or when gold
    rows differ.
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


def _setting(run: Run) -> Setting:
    return (run.method, run.init, run.lr)


def _check(entries: list[Entry]) -> None:
    truth = next((list(run.truth) for entry in entries for run in entry.runs if run.predicted), [])
    for entry in entries:
        where = f"student {entry.student!r} of {entry.task!r}"
        if not entry.scores:
            raise DataError(f"{where} has no score on validation rows; search its learning rates first")
        if not entry.answered_at(entry.lr):
            at = "" if entry.lr is None else f" at its best learning rate, {entry.lr:g}"
            raise DataError(f"{where} has no answers on gold{at}; score that run on the gold rows first")
        for run in entry.runs:
            if run.predicted and (list(run.truth) != truth or len(run.predicted) != len(truth)):
                raise DataError(f"{where} was scored on other gold rows than the students before it; score all anew")
