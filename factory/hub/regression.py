"""Hold new students against the published ones, on the same gold rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Example
from factory.errors import GateError
from factory.evaluation.intervals import compare_scores, compare_set_scores
from factory.hub.answers import FILES, RECORDED, as_answer, ask_file, read_recorded
from factory.hub.before import Before
from factory.hub.faults import explained
from factory.hub.manifest import Member
from factory.release.news import MEASURES

log = logging.getLogger("factory")
Json = dict[str, Any]
Answers = dict[str, str | tuple[str, ...]]
Differences = dict[tuple[str, str], dict[str, Json]]


def compare_with_published(before: Before | None, release: Path, report: Json, gold: Sequence[Example]) -> Differences:
    """Return by student and format how the new file's scores differ from the published one's: new minus published.

    Each has accuracy and macro_f1 with difference, low, high, p and rows: a paired bootstrap over the gold rows that
    both were asked. What the published file said is read from its release where that has the same rows, else the file
    is pulled and asked again. Students and formats that were not published before are left out, and so is all when
    the labels are not the same.
    """
    if before is None or not gold or before.report.get("labels") != report["labels"]:
        return {}
    found: Differences = {}
    for entry in report["students"]:
        key = (entry["name"], entry["format"])
        member = before.member(entry["name"])
        theirs = _ask_published(before, member, entry["format"], gold) if member else {}
        ours = _read_answers(release / f"model-{entry['name']}", entry["format"])
        rows = [row for row in gold if row.id in theirs and row.id in ours]
        if rows:
            found[key] = _compare(rows, ours, theirs, report)
    return found


def check_regression(differences: Mapping[tuple[str, str], Mapping[str, Json]]) -> None:
    """Return when no file is worse than the published one by more than chance; raise GateError with the numbers else.

    Worse beyond chance: the whole 95 % interval of the paired difference is below zero.
    """
    worse = list(describe_losses(differences))
    if worse:
        raise GateError(
            f"nothing was published: {'; '.join(worse)}; improve the data or the student, let people decide with "
            f"--as-pull-request, or set publish.require.not_worse_than_published to false"
        )


def describe_losses(differences: Mapping[tuple[str, str], Mapping[str, Json]]) -> Iterator[str]:
    """Yield what is worse than what is published, with the numbers."""
    for (student, format), measured in differences.items():
        for name, shown in MEASURES.items():
            found = measured[name]
            if found["high"] < 0:
                interval = (
                    f"95 % interval {100 * found['low']:+.1f} to {100 * found['high']:+.1f}, p = {found['p']:.3f}"
                )
                yield (
                    f"{student} ({format}) is {-100 * found['difference']:.1f} points of {shown} worse than what is "
                    f"published, on the same {found['rows']:,} gold rows ({interval})"
                )


def _compare(rows: Sequence[Example], ours: Answers, theirs: Answers, report: Json) -> dict[str, Json]:
    labels: list[str] = report["labels"]
    answers = [row.answer for row in rows], [ours[row.id] for row in rows], [theirs[row.id] for row in rows]
    if report["kind"] == "multi-label":
        truth, new, old = ([[label in (answer or ()) for label in labels] for answer in given] for given in answers)
        compared = compare_set_scores(truth, new, old)
    else:
        true, said, before = ([labels.index(str(answer)) for answer in given] for given in answers)
        compared = compare_scores(true, said, before, len(labels))
    return {name: {**compared[name], "rows": len(rows)} for name in MEASURES}


def _ask_published(before: Before, member: Member, format: str, gold: Sequence[Example]) -> Answers:
    """Return what the published file says of the gold rows by their id; nothing where there is no such file."""
    recorded = before.fetch(member, RECORDED)
    answers = _read_answers(recorded.parents[1], format) if recorded else {}
    if all(row.id in answers for row in gold):
        return answers
    name = FILES[format] or "model.safetensors"
    return _ask_again(before, member, format, gold) if name in member.files else {}


def _ask_again(before: Before, member: Member, format: str, gold: Sequence[Example]) -> Answers:
    name = FILES[format]
    log.info("asking %s as it is published, about %d gold rows", member.id, len(gold))
    wanted = [path for path in member.files if "/" not in path and path != "README.md"]
    with explained(f"model {member.id} on {before.target.name}"):
        found = before.target.api.snapshot_download(
            member.id, revision=member.commit, allow_patterns=[*wanted, *([name] if name else [])]
        )
    return {row.id: answer for row, answer in zip(gold, ask_file(Path(found), format, gold), strict=True)}


def _read_answers(folder: Path, format: str) -> Answers:
    """Return what a file said of gold rows, as its release recorded it."""
    rows = (row for row in read_recorded(folder) if row["set"] == "gold" and row["format"] == format)
    return {row["id"]: as_answer(row["predicted"]) for row in rows}
