"""The whole product: every stage in order, from a recipe to a release. Read this first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.bench import Bench
from factory.data.audit import drop_suspicious
from factory.data.generation import generate_texts
from factory.data.gold import read_texts
from factory.data.unlabelled import select_unlabelled
from factory.evaluation.baselines import add_controls, score_baselines
from factory.evaluation.scoreboard import CONTROL
from factory.evaluation.scoring import evaluate_student, score_teacher
from factory.evaluation.teacher_gate import try_teacher
from factory.hub.fetch import Fetcher
from factory.hub.target import Target, factory_home, open_target
from factory.improving.pool import draw_texts
from factory.improving.rounds import Improved, improve_rows
from factory.licensing.recorded import find_licenses
from factory.modules.course import make_module, teach_prompted
from factory.recipe import Recipe
from factory.recipe_students import AnyStudent, Based, Distil, Module, Shrink
from factory.release.release import Data, Destination, StudentFiles, write_release
from factory.spending import account_for
from factory.store import Artifact, Store, as_json, digest_of
from factory.students.training import Material, search_student, train_student

EMBEDDED_USER = "local"


@dataclass(frozen=True)
class Release:
    """A finished release: folders as the Hub will hold them, and the report on them."""

    path: Path
    id: str
    report: dict[str, Any]


def build(
    recipe: Recipe, *, store: Store | None = None, target: Target | None = None, namespace: str | None = None
) -> Release:
    """Run every stage that the recipe needs and that has not been run before; return the release.

    Raises FactoryError with one sentence; whatever was finished stays in the store and is not run again.
    """
    with ExitStack() as stack:
        target = target or stack.enter_context(open_target())
        made = run_stages(recipe, store or Store(factory_home() / "store"), target, namespace)
    report = json.loads((made.path / "report.json").read_text(encoding="utf-8"))
    return Release(made.path, report["release"], report)


def run_stages(recipe: Recipe, store: Store, target: Target, namespace: str | None = None) -> Artifact:
    """Call every stage in order and return what `write_release` made; with a `Planner` as store, none of them runs."""
    bench = Bench(recipe, store, Fetcher(target))
    rows = gather_rows(bench)
    course = Course(bench, rows)
    students = [course.make(student) for student in recipe.students]
    data = Data(
        gold=rows.gold,
        gold_file=rows.gold_file,
        labelled=rows.labelled,
        kept=rows.kept,
        splits=rows.splits,
        audit=bench.audit(rows.kept),
        baselines=store(add_controls, store(score_baselines, rows.splits, rows.gold, recipe.task), course.controls()),
        score=store(score_teacher, rows.gold, rows.answers, recipe.task) if rows.gold else None,
    )
    if rows.improved:
        data["improve"] = rows.improved.report
    licenses = find_licenses(recipe, store, bench.source)
    told = (account_for(recipe, bench.find_rows), licenses, _destination(recipe, target, namespace))
    contents = (recipe, store.source(recipe.path), data, students, *told)
    return store(write_release, *contents, digest_of(as_json(contents))[:12])


@dataclass(frozen=True)
class Gathered:
    """Rows from the teacher and the user, to learn from and to measure on; `answers` are the teacher's on gold.

    `gold` is what is reported on: with `improve`, not all of it. `improved` is what the rounds of that have brought.
    """

    gold: Artifact | None
    gold_file: Artifact | None
    labelled: list[Artifact]
    answers: Artifact | None
    kept: Artifact
    splits: Artifact
    unlabelled: Artifact
    improved: Improved | None = None


def gather_rows(bench: Bench) -> Gathered:
    """Try the teacher on gold, let it write and label, ask again where that helps, filter it, and share it out."""
    recipe, store, task = bench.recipe, bench.store, bench.recipe.task
    trusted = bench.read_gold()
    gold, gold_file, all_gold = (trusted.reported, trusted.file, trusted.rows) if trusted else (None, None, None)
    if gold:
        try_teacher(bench, gold)
    texts, own = [], None
    if recipe.generate:
        texts.append(store(generate_texts, task, recipe.generate, bench.teachers[0]))
    if recipe.texts:
        own = store(read_texts, bench.find_rows(recipe.texts), recipe.texts, task.kind)
        texts.append(store(draw_texts, own, 0, recipe.improve.start) if recipe.improve else own)
    labelled = [bench.label(some) for some in texts]
    answers = bench.label(gold) if gold else None
    improved = improve_rows(bench, recipe.improve, own, labelled, trusted) if recipe.improve else None
    labelled = improved.labelled if improved else labelled
    kept, splits = bench.share_out(labelled, all_gold)
    if recipe.audit and recipe.audit.drop == "suspicious":
        splits = store(drop_suspicious, splits, bench.audit(kept))
    unlabelled = store(select_unlabelled, kept, all_gold, recipe.filter, recipe.language)
    return Gathered(gold, gold_file, labelled, answers, kept, splits, unlabelled, improved)


@dataclass(frozen=True)
class Course:
    """What the students of a recipe learn from and are measured on, and what came of those made so far."""

    bench: Bench
    rows: Gathered
    trained: dict[str, Artifact] = field(default_factory=dict)

    def make(self, student: AnyStudent) -> StudentFiles:
        """Train and compress a student, and measure each file that will be published."""
        if isinstance(student, Module):
            return make_module(self.bench, self.rows, student)
        runs = student.runs(self.bench.recipe.effort)
        trained = self.trained[student.name] = self.train(runs, [self.search(run) for run in runs])
        weights = self.bench.compress(trained)
        reports = {"safetensors": self.evaluate(student.name, trained)}
        for form, file in weights.items():
            reports[form] = self.evaluate(student.name, trained, file, form, reports["safetensors"])
        base = self.find_base(student)
        return StudentFiles(name=student.name, base=base, trained=trained, weights=weights, reports=reports)

    def search(self, run: AnyStudent) -> Artifact:
        """Return what one run finds on validation rows."""
        return self.bench.store(search_student, self._material(run), run)

    def train(self, runs: Sequence[AnyStudent], searches: Sequence[Artifact]) -> Artifact:
        """Return the best of `runs`, trained on training and validation rows."""
        return self.bench.store(train_student, self._material(runs[-1]), runs, searches)

    def evaluate(
        self,
        name: str,
        trained: Artifact,
        file: Artifact | None = None,
        form: str = "safetensors",
        reference: Artifact | None = None,
    ) -> Artifact:
        """Return the scores of a student's safetensors, or of another file beside these."""
        rows, recipe = self.rows, self.bench.recipe
        measured = (rows.splits, rows.gold, rows.answers, recipe.task, name, recipe.max_gold_drop)
        return self.bench.store(evaluate_student, trained, file, form, reference, *measured)

    def controls(self) -> dict[str, Artifact]:
        """Return the scores of what each shrunk student would be from random weights, by the name of a baseline."""
        shrunk = (student for student in self.bench.recipe.students if isinstance(student, Shrink))
        return {student.name + CONTROL: self._control(student) for student in shrunk}

    def find_base(self, student: AnyStudent) -> Artifact | None:
        """Return the base model of a student that has one."""
        return self.bench.find_base(student.base_model, student.revision) if isinstance(student, Based) else None

    def _control(self, student: Shrink) -> Artifact:
        runs = student.model_copy(update={"init": "random"}).runs(self.bench.recipe.effort)
        return self.evaluate(student.name, self.train(runs, [self.search(run) for run in runs]))

    def _material(self, run: AnyStudent) -> Material:
        teacher = run.teacher if isinstance(run, Distil) else None
        prompted = next((it for it in self.bench.recipe.modules if it.name == teacher), None)
        larger = self.trained[teacher] if teacher and not prompted else None
        rows, task, base = self.rows, self.bench.recipe.task, self.find_base(run)
        splits = teach_prompted(self.bench, rows, prompted) if prompted else rows.splits
        unlabelled = rows.unlabelled if larger else None
        return Material(splits=splits, base=base, larger=larger, unlabelled=unlabelled, task=task)


def _destination(recipe: Recipe, target: Target, namespace: str | None) -> Destination:
    owner = namespace or recipe.publish.namespace
    return Destination(namespace=owner or (EMBEDDED_USER if target.is_embedded else target.user), hub=target.name)
