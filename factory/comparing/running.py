"""Train the students of recipes as a comparison needs them: every learning rate once, the best with every seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from factory.bench import Bench
from factory.comparing.comparison import compare
from factory.comparing.curve import Part, trace_curve
from factory.comparing.measuring import find_reference
from factory.comparing.runs import Answer, Run
from factory.data.examples import read_examples
from factory.data.thinning import thin_splits
from factory.errors import RecipeError
from factory.evaluation.scoring import read_predictions
from factory.hub.fetch import Fetcher
from factory.hub.target import Target, factory_home, open_target
from factory.pipeline import Course, gather_rows
from factory.recipe import Recipe
from factory.recipe_students import AnyStudent, Module, Trained
from factory.spending import read_spent
from factory.store import Artifact, Store
from factory.students.training import choose_run

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)


def compare_recipes(
    recipes: Sequence[Recipe], reference: str = "full", *, store: Store | None = None, target: Target | None = None
) -> dict[str, Any]:
    """Train what the students of `recipes` need for a comparison, where that was not done before, and compare.

    Raises RecipeError for a recipe without gold, and what building it raises.
    """
    with ExitStack() as stack:
        target, store = target or stack.enter_context(open_target()), store or Store(factory_home() / "store")
        found = {recipe.name: Comparing(recipe, store, target) for recipe in recipes}
        runs = [run for comparing in found.values() for run in comparing.runs(reference)]
        return compare(runs, reference, {name: comparing.teacher for name, comparing in found.items()})


def trace_recipe(recipe: Recipe, *, store: Store | None = None, target: Target | None = None) -> dict[str, Any]:
    """Train the students of a recipe on an eighth, a quarter, a half and all of its rows; return the learning curve.

    A share of the rows is taken to cost that share of what the teacher was paid for the recipe. Raises RecipeError
    for a recipe without gold, and what building it raises.
    """
    with ExitStack() as stack:
        target, store = target or stack.enter_context(open_target()), store or Store(factory_home() / "store")
        steps = [Comparing(recipe, store, target, share) for share in SHARES]
        return trace_curve([part for step in steps for part in step.parts()], steps[-1].teacher)


@dataclass(frozen=True)
class Searched:
    """The runs of a student, what each found on validation rows, and which is the best."""

    settings: AnyStudent
    runs: list[AnyStudent]
    found: list[Artifact]

    @property
    def student(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def method(self) -> str:
        """The method of the best run, which `auto` leaves to validation."""
        return self.runs[self.best].method

    @property
    def base_model(self) -> str:
        """What it starts from; empty where there is none."""
        return getattr(self.settings, "base_model", "")

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

    def __init__(self, recipe: Recipe, store: Store, target: Target, share: float = 1.0) -> None:
        if not recipe.gold:
            raise RecipeError(f"{recipe.path}: has no `gold`, so that nothing can be compared; add some")
        if any(isinstance(student, Module) for student in recipe.students):
            remedy = "`factory build` says what it keeps of its prompt; compare the recipe without it"
            raise RecipeError(f"{recipe.path}: a module is not compared with students that learn labels; {remedy}")
        self._recipe, self._share = recipe, share
        bench = Bench(recipe, store, Fetcher(target))
        rows = gather_rows(bench)
        self._rows = rows if share == 1 else replace(rows, splits=store(thin_splits, rows.splits, share))
        self._course = Course(bench, self._rows)

    @property
    def teacher(self) -> list[Answer | None]:
        """What the teacher says of each gold row; None where it did not answer."""
        answers = self._rows.answers
        return [row.answer for row in read_examples(answers.path / "examples.jsonl")] if answers else []

    def runs(self, reference: str) -> Iterator[Run]:
        """Yield every run; those that were searched alone have no answers."""
        searched = {student.name: self._search(student) for student in self._recipe.students}
        for one in searched.values():
            yield from self._searches(one)
            yield from self._repeats(one)
            judge = find_reference(list(searched.values()), one, reference)
            yield from self._at_rate(one, getattr(judge.runs[judge.best], "lr", None) if judge else None)

    def parts(self) -> Iterator[Part]:
        """Yield every run with the number of rows that it learned from and what their labels cost."""
        learned = [read_examples(self._rows.splits.path / f"{part}.jsonl") for part in ("train", "validation")]
        spent = read_spent(self._recipe)["dollars"]
        for student in self._recipe.students:
            one = self._search(student)
            for run in (*self._searches(one), *self._repeats(one)):
                yield Part(run, sum(map(len, learned)), spent * self._share if spent else None)

    def _search(self, student: AnyStudent) -> Searched:
        runs = student.runs(self._recipe.effort)
        searched = Searched(student, runs, [self._course.search(run) for run in runs])
        best = runs[searched.best]
        self._course.trained[student.name] = self._course.train([best], [searched.found[searched.best]])
        return searched

    def _searches(self, one: Searched) -> Iterator[Run]:
        for run, artifact, found in zip(one.runs, one.found, one.scores, strict=True):
            yield replace(self._describe(one.student, run, found), **_read_costs(artifact))

    def _repeats(self, one: Searched) -> Iterator[Run]:
        for run in one.runs[one.best].repeat(one.settings.seeds):
            yield self._finish(one, run)

    def _at_rate(self, one: Searched, rate: float | None) -> Iterator[Run]:
        """Yield the student with the reference's learning rate, where it is another than its own best."""
        best = one.runs[one.best]
        if rate and isinstance(best, Trained) and best.lr != rate:
            yield replace(self._finish(one, best.model_copy(update={"lr": rate})), shared_lr=True)

    def _finish(self, one: Searched, run: AnyStudent) -> Run:
        """Return a run that is trained on all rows and has answered the gold rows."""
        trained = self._course.train([run], [one.found[one.best]])
        said = self._course.evaluate(one.student, trained)
        facts = json.loads((trained.path / "training.json").read_text(encoding="utf-8"))
        gold = read_examples(self._rows.gold.path / "gold.jsonl") if self._rows.gold else []
        return replace(
            self._describe(one.student, run, one.scores[one.best]),
            validation=None,
            truth=[row.answer or () for row in gold],
            predicted=[row["answer"] for row in read_predictions(said)[: len(gold)]],
            parameters=facts["parameters"],
            trained_parameters=facts["trained_parameters"],
            bytes=(trained.path / "model" / "model.safetensors").stat().st_size,
            **_read_costs(trained),
        )

    def _describe(self, student: str, run: AnyStudent, found: dict[str, Any]) -> Run:
        return Run(
            task=self._recipe.name,
            student=student,
            method=run.method,
            lr=getattr(run, "lr", None),
            seed=run.seed,
            validation=found["macro_f1"],
            truth=[],
            predicted=[],
            parameters=found["parameters"],
            trained_parameters=found["trained_parameters"],
            cpu_seconds=None,
            peak_bytes=None,
            bytes=0,
            base_model=getattr(run, "base_model", ""),
            init=getattr(run, "init", ""),
        )


def _read_costs(artifact: Artifact) -> dict[str, Any]:
    """Return what its stage spent, null where that was not measured."""
    manifest = json.loads((artifact.path.parent / "manifest.json").read_text(encoding="utf-8"))
    return {name: manifest.get(name) for name in ("cpu_seconds", "peak_bytes")}
