"""A module on its way from a recipe to a release: its stages, in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from factory.errors import GateError
from factory.recipe_module import Module
from factory.store import Artifact

if TYPE_CHECKING:
    from factory.bench import Bench
    from factory.modules.baking import Ingredients
    from factory.pipeline import Gathered
    from factory.release.release import StudentFiles


def make_module(bench: Bench, rows: Gathered, student: Module) -> StudentFiles:
    """Record what the prompted model says, bake that in every way the recipe names, and measure the best.

    Raises GateError where the prompt is not worth baking and the recipe does not insist.
    """
    from factory.modules.baking import bake_module, finish_module
    from factory.modules.calibration import add_calibration
    from factory.modules.measuring import evaluate_module, weigh_prompt
    from factory.modules.merging import merge_module

    store, task = bench.store, bench.recipe.task
    base, prompt = _find_prompted(bench, student)
    targets = record_answers(bench, rows, student)
    weighed = store(weigh_prompt, targets, rows.gold, task.names, student.form)
    check_worth(weighed, student)
    made_of: Ingredients = {
        "base": base,
        "prompt": prompt,
        "splits": rows.splits,
        "targets": targets,
        "unrelated": store.source(bench.recipe.find(student.unrelated)) if student.unrelated else None,
        "task": task,
    }
    runs: list[Any] = student.runs(bench.recipe.effort)
    baked = [store(bake_module, made_of, run) for run in runs]
    trained = store(finish_module, made_of, runs, baked)
    report = store(evaluate_module, trained, made_of, rows.gold, rows.answers, student)
    if rows.gold:
        report = store(add_calibration, report, trained, made_of, rows.gold)
    files: StudentFiles = {
        "name": student.name,
        "base": base,
        "trained": trained,
        "weights": {},
        "reports": {"safetensors": report},
    }
    return {**files, "merged": store(merge_module, base, trained)} if student.merged else files


def record_answers(bench: Bench, rows: Gathered, student: Module) -> Artifact:
    """Return what the prompted model of a module says of every text."""
    from factory.modules.targets import record_targets

    base, prompt = _find_prompted(bench, student)
    return bench.store(record_targets, base, prompt, rows.splits, rows.gold, bench.recipe.task, student.wording)


def teach_prompted(bench: Bench, rows: Gathered, student: Module) -> Artifact:
    """Return the splits with the label probabilities of a module's prompted model, for a student to learn from."""
    from factory.modules.answers import answer_as_prompted

    targets = record_answers(bench, rows, student)
    return bench.store(answer_as_prompted, rows.splits, targets, bench.recipe.task.names, student.form)


def _find_prompted(bench: Bench, student: Module) -> tuple[Artifact, Artifact]:
    """Return the base model and the prompt of a module."""
    base = bench.find_base(student.base_model, student.revision)
    return base, bench.store.source(bench.recipe.find(student.prompt))


def check_worth(weighed: Artifact, student: Module) -> None:
    """Raise GateError where a prompt does not beat the calibrated model without it; what is not made yet passes."""
    file = weighed.path / "weighed.json"
    if student.allow_worthless_prompt or not file.is_file():
        return
    found = json.loads(file.read_text(encoding="utf-8"))
    if found["is_worth_baking"] is False:
        how = "calibrated" if student.form == "label-calibrated" else "raw"
        shares = [100 * found[name][kind]["value"] for name, kind in (("prompted", how), ("bare", "calibrated"))]
        low, high = (100 * found["difference"][name] for name in ("low", "high"))
        raise GateError(
            f"students: {student.name}: this prompt is not worth baking: on {found['rows']:,} gold texts the base "
            f"model is right {shares[0]:.1f} % of the time with it ({how}) and {shares[1]:.1f} % without it "
            f"(calibrated), a difference of {low:+.1f} to {high:+.1f} points; write a better prompt, or set "
            f"`allow_worthless_prompt: true`"
        )
