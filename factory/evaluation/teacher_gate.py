"""Try the teacher on some gold rows before it is paid for anything else."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from factory.data.examples import read_examples, write_examples
from factory.errors import GateError
from factory.evaluation.baselines import find_majority
from factory.evaluation.prediction import Answer
from factory.evaluation.scoring import Score, pair_answers, score_answers, write_json
from factory.recipe import Task, TeacherGate
from factory.store import Artifact
from factory.teacher.questions import find_servers

if TYPE_CHECKING:
    from factory.bench import Bench

log = logging.getLogger("factory")

MAX_ROWS = 200
REMEDY = "improve `task.question` and the meanings of the labels, or take a better teacher"


def try_teacher(bench: Bench, gold: Artifact) -> None:
    """Hold the teacher, or all that vote together, to the recipe's `teacher_gate`; raise GateError as it says.

    What a server says of these rows is in the ledger when all of gold is labelled later. Teachers that cost nothing
    are tried on all of gold at once: what a local one says of a text depends on the others, through calibration.
    """
    recipe, store = bench.recipe, bench.store
    tried = store(sample_gold, gold, MAX_ROWS) if find_servers(recipe) else gold
    store(check_teacher, tried, bench.label(tried), recipe.task, recipe.teacher_gate)


def sample_gold(gold: Artifact, rows: int, *, out: Path) -> None:
    """Write `gold.jsonl`: at most so many rows of `gold`, chosen by id and left in their order.

    Where that is all of them, the file is the same, and so is the key of whatever reads it.
    """
    found = read_examples(gold.path / "gold.jsonl")
    chosen = {row.id for row in sorted(found, key=lambda row: row.id)[:rows]}
    write_examples(out / "gold.jsonl", (row for row in found if row.id in chosen))


def check_teacher(gold: Artifact, answers: Artifact, task: Task, gate: TeacherGate, *, out: Path) -> None:
    """Write `report.json`: what the teacher and the most frequent label score on the gold rows that it answered.

    Logs a warning where the teacher's accuracy may be no better than that label's, and raises GateError where it
    answers no row although `gate` has a floor, or falls below one.
    """
    pairs = pair_answers(gold, answers)
    if not pairs:
        _report_silence(answers, gate)
        write_json(out / "report.json", None)
        return
    truth, said = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    usual = find_majority(truth)
    score, baseline = (score_answers(truth, given, task) for given in (said, [usual] * len(truth)))
    if failures := list(_find_failures(score, baseline, usual, gate)):
        raise GateError(
            f"the teacher was asked no more: on {len(truth)} gold rows it has {'; '.join(failures)}; {REMEDY}, or "
            "lower `teacher_gate`"
        )
    if score["accuracy"]["low"] <= baseline["accuracy"]["value"]:
        has = f"the teacher has accuracy {_show(score, 'accuracy')} on {len(truth)} gold rows"
        always = f"always answering {_quote(usual)} has {baseline['accuracy']['value']:.3f}"
        log.warning("%s and %s: it may be worth nothing; %s", has, always, REMEDY)
    write_json(out / "report.json", {"teacher": score, "majority": baseline})


def _report_silence(answers: Artifact, gate: TeacherGate) -> None:
    reasons = Counter(row.reason for row in read_examples(answers.path / "examples.jsonl"))
    (reason, _), rows = reasons.most_common(1)[0], reasons.total()
    silence = f"the teacher answered none of {rows} gold rows ({reason})"
    if gate.model_dump(exclude_none=True):
        raise GateError(f"{silence}, and `teacher_gate` cannot be held to anything; {REMEDY}, or drop `teacher_gate`")
    log.warning("%s; %s", silence, REMEDY)


def _find_failures(score: Score, baseline: Score, usual: Answer, gate: TeacherGate) -> Iterator[str]:
    for name, floor in gate.model_dump(exclude_none=True).items():
        if score[name]["value"] < floor:
            always = f"always answering {_quote(usual)} has {baseline[name]['value']:.3f}"
            yield f"{name} {_show(score, name)}, {floor:g} is asked for and {always}"


def _show(score: Score, name: str) -> str:
    interval = score[name]
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def _quote(answer: Answer) -> str:
    return repr(answer if isinstance(answer, str) else list(answer))
