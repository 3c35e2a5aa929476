"""Train the students of recipes as a comparison needs them: every learning rate once, the best with every seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from factory.comparing.runs import Answer, Run
from factory.data.examples import read_examples
from factory.errors import RecipeError
from factory.hub.fetch import Fetcher
from factory.hub.target import Target
from factory.pipeline import Bench, Course
from factory.recipe import Recipe
from factory.recipe_students import AnyStudent, Trained
from factory.store import Artifact, Store
from factory.students.training import choose_run


@dataclass(frozen=True)
class Searched:
    """The runs of a student, what each found on validation rows, and which is the best."""

    student: AnyStudent
    runs: list[AnyStudent]
    found: list[Artifact]

    @property
    def scores(self) -> list[dict[str, Any]]:
        """What each search found."""
        return [json.loads((found.path / "search.json").read_text(encoding="utf-8")) for found in self.found]

    @property
    def best(self) -> int:
        """The place of the best run, by validation."""
        return choose_run(self.scores)


class Comparing:
    """The students of one recipe on their way to a comparison."""

    def __init__(self, recipe: Recipe, store: Store, target: Target) -> None:
        if not recipe.gold:
            raise RecipeError(f"{recipe.path}: has no `gold`, so that nothing can be compared; add some")
        self._recipe = recipe
        bench = Bench(recipe, store, Fetcher(target))
        self._rows = bench.gather_rows()
        self._course = Course(bench, self._rows)

    @property
    def teacher(self) -> list[Answer | None]:
        """What the teacher says of each gold row; None where it did not answer."""
        answers = self._rows.answers
        return [row.answer for row in read_examples(answers.path / "examples.jsonl")] if answers else []

    def runs(self, reference: str) -> Iterator[Run]:
        """Yield every run; those that were searched alone have no answers."""
        searched = {student.name: self._search(student) for student in self._recipe.students}
        shared = self._rate_of(searched.get(reference))
        for one in searched.values():
            yield from self._searches(one)
            yield from self._repeats(one)
            yield from self._at_rate(one, shared)

    def _search(self, student: AnyStudent) -> Searched:
        runs = student.runs(self._recipe.effort)
        searched = Searched(student, runs, [self._course.search(run) for run in runs])
        best = runs[searched.best]
        self._course.trained[student.name] = self._course.train([best], [searched.found[searched.best]])
        return searched

    def _rate_of(self, searched: Searched | None) -> float | None:
        return getattr(searched.runs[searched.best], "lr", None) if searched else None

    def _searches(self, one: Searched) -> Iterator[Run]:
        for run, found in zip(one.runs, one.scores, strict=True):
            yield self._describe(one.student, run, found)

    def _repeats(self, one: Searched) -> Iterator[Run]:
        for run in one.runs[one.best].repeat(one.student.seeds):
            yield self._finish(one, run)

    def _at_rate(self, one: Searched, rate: float | None) -> Iterator[Run]:
        """Yield the student with the reference's learning rate, where it is another than its own best."""
        best = one.runs[one.best]
        if rate and isinstance(best, Trained) and best.lr != rate:
            yield replace(self._finish(one, best.model_copy(update={"lr": rate})), shared_lr=True)

    def _finish(self, one: Searched, run: AnyStudent) -> Run:
        """Return a run that is trained on all rows and has answered the gold rows."""
        trained = self._course.train([run], [one.found[one.best]])
        said = self._course.evaluate(one.student.name, trained)
        facts = json.loads((trained.path / "training.json").read_text(encoding="utf-8"))
        manifest = json.loads((trained.path.parent / "manifest.json").read_text(encoding="utf-8"))
        gold = read_examples(self._rows.gold.path / "gold.jsonl") if self._rows.gold else []
        return replace(
            self._describe(one.student, run, one.scores[one.best]),
            truth=[row.answer or () for row in gold],
            predicted=_read_answers(said)[: len(gold)],
            parameters=facts["parameters"],
            trained_parameters=facts["trained_parameters"],
            cpu_seconds=manifest.get("cpu_seconds"),
            peak_bytes=manifest.get("peak_bytes"),
            bytes=(trained.path / "model" / "model.safetensors").stat().st_size,
        )

    def _describe(self, student: AnyStudent, run: AnyStudent, found: dict[str, Any]) -> Run:
        return Run(
            task=self._recipe.name,
            student=student.name,
            method=run.method,
            lr=getattr(run, "lr", None),
            seed=run.seed,
            validation=found["macro_f1"],
            truth=[],
            predicted=[],
            parameters=found.get("parameters", 0),
            trained_parameters=found.get("trained_parameters", 0),
            cpu_seconds=None,
            peak_bytes=None,
            bytes=0,
            base_model=getattr(run, "base_model", ""),
            init=getattr(run, "init", ""),
        )


def _read_answers(said: Artifact) -> list[Answer]:
    with (said.path / "predictions.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [tuple(row["labels"]) if "labels" in row else row["label"] for row in rows]
