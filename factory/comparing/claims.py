"""Say in sentences what a comparison shows of what is commonly claimed, as far as its intervals reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from factory.comparing.measuring import Measured, Task
from factory.comparing.resampling import Draws
from factory.evaluation.intervals import Floats, difference_of
from factory.evaluation.markdown import plain

Json = dict[str, Any]
METRIC = "macro_f1"
NEGLIGIBLE = 0.005
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Side:
    """One side of a claim: its name, and the method and inits of the students that stand for it."""

    name: str
    method: str
    inits: tuple[str, ...] = ("", "default")


@dataclass(frozen=True)
class Claim:
    """That `ours` minus `theirs` is above `bound`, or below it where `sign` is -1.

    Without `ours` it speaks of the best student, without `theirs` of the teacher.
    """

    text: str
    ours: Side | None
    theirs: Side | None
    sign: int = 1
    bound: float = 0.0

    @property
    def contrast(self) -> str:
        """The difference that is measured."""
        ours, theirs = self.ours.name if self.ours else "student", self.theirs.name if self.theirs else "teacher"
        return f"{ours} {MINUS} {theirs}"


LORA, FULL = Side("LoRA", "lora"), Side("full", "full")
DEFAULT_START = Side("default start", "lora")
CLAIMS = (
    Claim("full fine-tuning beats LoRA", LORA, FULL, sign=-1),
    Claim("PiSSA is a better start for LoRA than the default", Side("PiSSA", "lora", ("pissa",)), DEFAULT_START),
    Claim("OLoRA is a better start for LoRA than the default", Side("OLoRA", "lora", ("olora",)), DEFAULT_START),
    Claim("EVA is a better start for LoRA than the default", Side("EVA", "lora", ("eva",)), DEFAULT_START),
    Claim("distillation beats training on the labels alone", Side("distil", "distil"), FULL),
    Claim("copied layers beat random ones", Side("copy", "shrink", ("copy",)), Side("random", "shrink", ("random",))),
    Claim("the student comes within two points of its teacher", None, None, bound=-0.02),
)


@dataclass(frozen=True)
class Finding:
    """The differences of one claim on one task in every draw: at each side's best learning rate, at a shared one."""

    claim: Claim
    task: str
    base_model: str
    between: tuple[str, str | None]
    best: Floats
    shared: Floats | None


def make_claims(tasks: Sequence[Task]) -> list[Json]:
    """Return each claim that the students allow to check: on every task and base model, then as a mean over tasks.

    Each has `claim`, `contrast`, `tasks`, `base_model`, `between` (the students of each task), `difference` and
    `at_shared_lr` (difference, low, high, p of macro-F1), `verdict` and `sentence`. Supported: the whole interval is
    on the claimed side. Not supported: nothing in the interval is on that side by half a point or more (where the
    bound is not zero: by anything). Otherwise it cannot be told.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for task in tasks:
        for finding in _find(task):
            groups.setdefault((finding.claim.text, finding.base_model), []).append(finding)
    claims = []
    for group in groups.values():
        claims += [_describe([finding]) for finding in group]
        claims += [_describe(group)] if len(group) > 1 else []
    return claims


def judge(difference: Json, sign: int = 1, bound: float = 0.0) -> str:
    """Return what an interval says of the claim that a difference is above `bound`, or below it where `sign` is -1."""
    low, high = sorted(sign * difference[end] for end in ("low", "high"))
    if low > bound:
        return "supported"
    return "not supported" if high < (bound or NEGLIGIBLE) else "cannot be told"


def points(difference: Json) -> str:
    """Return a difference in points with its interval, as people write it."""
    text = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * difference[name] for name in ("difference", "low", "high")))
    return text.replace("-", MINUS)


def _find(task: Task) -> Iterator[Finding]:
    """Yield the claims that a task can answer, for each base model; without one only where no student has any."""
    bases = dict.fromkeys(it.entry.base_model for it in task.students)
    for base in [base for base in bases if base] or list(bases):
        students = [it for it in task.students if it.entry.base_model == base]
        for claim in CLAIMS:
            ours = _best(students, claim.ours)
            if not ours:
                continue
            if claim.theirs is None:
                if ours.answered and task.teacher:
                    best = _minus(ours.answered, task.teacher)
                    yield Finding(claim, task.name, base, (ours.entry.student, None), best, None)
            elif theirs := _best(students, claim.theirs):
                shared = _minus(ours.shared, theirs.shared) if ours.shared and theirs.shared else None
                names = (ours.entry.student, theirs.entry.student)
                yield Finding(claim, task.name, base, names, _minus(ours.scores, theirs.scores), shared)


def _best(students: Sequence[Measured], side: Side | None) -> Measured | None:
    """Return the student that stands for a side: the best on validation, as gold chooses nothing."""
    found = [it for it in students if not side or (it.entry.method == side.method and it.entry.init in side.inits)]
    return max(found, key=lambda it: it.entry.validation, default=None)


def _minus(ours: Draws, theirs: Draws) -> Floats:
    return np.asarray(ours[METRIC] - theirs[METRIC])


def _describe(group: Sequence[Finding]) -> Json:
    claim = group[0].claim
    best = difference_of(np.mean([it.best for it in group], axis=0))
    rates = [it.shared for it in group if it.shared is not None]
    found = {
        "claim": claim.text,
        "contrast": claim.contrast,
        "tasks": [it.task for it in group],
        "base_model": group[0].base_model,
        "between": [list(it.between) for it in group],
        "difference": best,
        "at_shared_lr": difference_of(np.mean(rates, axis=0)) if len(rates) == len(group) else None,
        "verdict": judge(best, claim.sign, claim.bound),
    }
    return {**found, "sentence": _write(found)}


def _write(found: Json) -> str:
    tasks = found["tasks"]
    scope = plain(tasks[0]) if len(tasks) == 1 else f"Mean of {len(tasks)} tasks"
    base = f" ({plain(found['base_model'])})" if found["base_model"] else ""
    sentence = f"{scope}{base}: {found['contrast']} = {points(found['difference'])} points"
    if found["at_shared_lr"]:
        sentence += f" at each method's best learning rate; at one shared rate {points(found['at_shared_lr'])}"
    return f"{sentence}. {found['claim'][0].upper()}{found['claim'][1:]}: {found['verdict']}."
