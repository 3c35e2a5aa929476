"""Train a student on what the teacher said.

Two passes: the search trains on the training rows and lets validation rows settle what is open, of one student or of
several runs that differ in method or learning rate; the second starts afresh on training and validation rows
together with what the search found. With a few hundred rows, those of the validation share are worth learning from,
and stopping at the best epoch of the first pass left the second under-trained (climate-stance: 61 to 64 per cent,
against 71). Held-out rows and gold are in neither pass.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

from factory.data.examples import Example, read_examples
from factory.errors import TrainingError
from factory.recipe import Task
from factory.recipe_students import AnyStudent
from factory.store import Artifact, version
from factory.students.lesson import Facts, Lesson
from factory.students.methods import find_method
from factory.students.quiet import quiet_transformers

SCRATCH = ".scratch"


class Material(TypedDict):
    """What a student is made from; `larger` is a trained student that teaches it, of `unlabelled` texts too."""

    splits: Artifact
    base: Artifact | None
    larger: Artifact | None
    unlabelled: Artifact | None
    task: Task


@version(3)
def search_student(material: Material, student: AnyStudent, *, out: Path) -> None:
    """Write `search.json`: what one run found on validation rows, `macro_f1` above all.

    Goes on from the last whole epoch when `out` is left over from an attempt that was killed. Raises TrainingError.
    """
    train, validation = _read_parts(material)
    lesson = _plan_lesson(material, student, out, rows=train, validation=validation)
    with quiet_transformers(), _explained(student):
        facts = find_method(student.method)(lesson).facts
    _finish(out, "search.json", facts)


@version(3)
def train_student(material: Material, runs: list[AnyStudent], searches: list[Artifact], *, out: Path) -> None:
    """Write `model/` and `training.json`: the best of `runs` by its search, trained on all rows; equal bytes always.

    Goes on as `search_student` does. Raises TrainingError.
    """
    train, validation = _read_parts(material)
    searched = [json.loads((search.path / "search.json").read_text(encoding="utf-8")) for search in searches]
    best = choose_run(searched)
    student, found = runs[best], searched[best]
    lesson = _plan_lesson(material, student, out, rows=[*train, *validation], validation=[], found=found)
    with quiet_transformers(), _explained(student):
        fitted = find_method(student.method)(lesson)
        fitted.save(out / "model")
        if fitted.save_adapter:
            fitted.save_adapter(out / "adapter")
    rows = {"train": len(train), "validation": len(validation)}
    settings = student.model_dump(mode="json", exclude={"name", "seeds"})  # which shape no weights
    about = {"rows": rows, "student": settings, "tried": _describe(runs, searched)}
    _finish(out, "training.json", found | fitted.facts | about)


def choose_run(found: Sequence[Facts]) -> int:
    """Return the place of the run to keep: the first of the highest macro-F1 on validation rows."""
    return max(range(len(found)), key=lambda place: (found[place]["macro_f1"], -place))


def _describe(runs: Sequence[AnyStudent], found: Sequence[Facts]) -> list[Facts]:
    """Return what was tried: method, learning rate, seed, and macro-F1 on validation rows."""
    return [
        {"method": run.method, "lr": getattr(run, "lr", None), "seed": run.seed, "macro_f1": facts["macro_f1"]}
        for run, facts in zip(runs, found, strict=True)
    ]


def _plan_lesson(material: Material, student: AnyStudent, out: Path, **rows: Any) -> Lesson:
    base, larger, unlabelled = material["base"], material["larger"], material["unlabelled"]
    return Lesson(
        **rows,
        task=material["task"],
        student=student,
        place=out / SCRATCH,
        base=base.path if base else Path(),
        larger=larger.path / "model" if larger else None,
        unlabelled=read_examples(unlabelled.path / "unlabelled.jsonl") if unlabelled else (),
    )


def _finish(out: Path, name: str, facts: Facts) -> None:
    (out / name).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(out / SCRATCH, ignore_errors=True)


def _read_parts(material: Material) -> tuple[list[Example], list[Example]]:
    splits, task = material["splits"], material["task"]
    return _read_rows(splits, "train", task), _read_rows(splits, "validation", task)


def _read_rows(splits: Artifact, part: str, task: Task) -> list[Example]:
    rows = read_examples(splits.path / f"{part}.jsonl")
    if not rows:
        raise TrainingError(f"there are no {part} rows to train on; add texts, or relax `filter`")
    if unknown := {label for row in rows for label in row.given_labels} - set(task.names):
        raise TrainingError(f"{part} rows have labels that are not in the task: {', '.join(map(repr, unknown))}")
    return rows


@contextmanager
def _explained(student: AnyStudent) -> Iterator[None]:
    """Turn memory that runs out into one sentence."""
    try:
        yield
    except (MemoryError, RuntimeError) as fault:
        said = str(fault).lower()
        if not isinstance(fault, MemoryError) and "out of memory" not in said and "can't allocate" not in said:
            raise
        size = getattr(student, "batch_size", 32)
        raise TrainingError(
            f"{student.name} does not fit in memory with {size} rows of {getattr(student, 'max_length', 0)} tokens in "
            f"a step; halve its `batch_size` or `max_length`, or choose a smaller base model"
        ) from fault
