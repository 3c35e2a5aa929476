"""Audit the labels that a student would learn: how many are wrong, and which rows to look at first.

Cheap students, each trained without a share of the rows, label that share. What they say of rows that they have not
seen is held against the labels (`noise`). A teacher that errs in the same way on like texts is not found out by this:
its labels are consistent, and only gold tells.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from factory.data.examples import Example, read_examples, write_examples
from factory.data.noise import SUSPICIOUS, Floats, Noise, Numbers, estimate_noise
from factory.evaluation.report import name_base_model
from factory.recipe import Audit, Task
from factory.recipe_students import Head
from factory.store import Artifact

MIN_ROWS = 50  # of fewer, nothing can be said
MAX_PAIRS = 50
UNSURE = 0.6  # a confidence of the teacher's below this is a reason of its own to look
DROPPED = "suspicious label"
APPLIES = ("left out", "given")  # what can be wrong with a label in a multi-label task
Json = dict[str, Any]


def audit_labels(
    kept: Artifact, base: Artifact | None, reader: Head | None, task: Task, audit: Audit, *, out: Path
) -> None:
    """Write `audit.json`, and `suspicious.jsonl`: rows more likely wrong than right, the most doubtful first.

    Students read the texts with the base model of `reader` or, without one, by their words. `noise`, the share of
    labels that are wrong (value, low, high), is None with fewer than 50 rows. In a multi-label task each label of each
    row is a decision of its own, and `noise` the share of decisions. Raises TrainingError.
    """
    rows = sorted(read_examples(kept.path / "kept.jsonl"), key=lambda row: row.id)
    asked = [*rows, *read_examples(kept.path / "rejected.jsonl")]
    noise = _estimate(rows, task, audit.folds, reader, base) if len(rows) >= MIN_ROWS else None
    suspicious = list(_suspect(rows, noise, task)) if noise else []
    described = {
        "rows": len(rows),
        "folds": audit.folds,
        "base_model": name_base_model(reader.base_model) if reader else None,
        "noise": noise.rate if noise else None,
        "agreement": _round((noise.likely.argmax(axis=1) == noise.given).mean()) if noise else None,
        "suspicious": len(suspicious),
        "expected_precision": _round(np.mean([row["chance"] for row in suspicious])) if suspicious else None,
        "pairs": list(_describe_pairs(noise, task)) if noise else [],
        "asked": describe_asked(asked),
    }
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in suspicious)
    (out / "audit.json").write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "suspicious.jsonl").write_text(lines, encoding="utf-8", newline="\n")


def drop_suspicious(splits: Artifact, audited: Artifact, *, out: Path) -> None:
    """Write the parts of `splits` again, and `dropped.jsonl`: suspicious rows no longer train or validate.

    Held-out rows stay: agreement measured on rows chosen to agree would flatter.
    """
    suspicious = {row["id"] for row in read_suspicious(audited.path)}
    dropped: list[Example] = []
    for part in ("train", "validation"):
        rows = read_examples(splits.path / f"{part}.jsonl")
        write_examples(out / f"{part}.jsonl", (row for row in rows if row.id not in suspicious))
        dropped += (replace(row, reason=DROPPED) for row in rows if row.id in suspicious)
    write_examples(out / "held_out.jsonl", read_examples(splits.path / "held_out.jsonl"))
    write_examples(out / "dropped.jsonl", sorted(dropped, key=lambda row: row.id))


def read_suspicious(folder: Path) -> list[Json]:
    """Return the rows of `suspicious.jsonl` that `audit_labels` wrote."""
    with (folder / "suspicious.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def describe_asked(rows: Sequence[Example]) -> Json | None:
    """Return how the label that texts were written for compares with the blind label; None without such texts.

    `rows`, `agreed`, `kappa` (Cohen 1960) of single labels, and `pairs` (asked, given, rows) that differ.
    """
    asked = [row for row in rows if row.is_as_asked is not None]
    if not asked:
        return None
    differing = Counter((row.asked_for, row.label) for row in asked if row.labels is None and not row.is_as_asked)
    pairs = [
        {"asked": wanted, "given": given, "rows": count}
        for (wanted, given), count in sorted(differing.items(), key=lambda item: (-item[1], str(item[0])))
    ]
    agreed = sum(bool(row.is_as_asked) for row in asked)
    is_single = all(row.labels is None for row in asked)
    kappa = _kappa(asked, agreed / len(asked)) if is_single else None
    return {"rows": len(asked), "agreed": agreed, "kappa": kappa, "pairs": pairs[:MAX_PAIRS]}


def _kappa(rows: Sequence[Example], agreed: float) -> float | None:
    """Return the agreement beyond chance; None where chance alone would make them agree."""
    wanted, given = Counter(row.asked_for for row in rows), Counter(row.label for row in rows)
    by_chance = sum(count * given[label] for label, count in wanted.items()) / len(rows) ** 2
    return _round((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else None


def _estimate(
    rows: Sequence[Example], task: Task, folds: int, reader: Head | None, base: Artifact | None
) -> Noise | None:
    """Return the noise of the labels of `rows`, or None where all have the same."""
    from factory.students.embedding import embed_rows
    from factory.students.unseen import label_unseen, read_words

    if len({row.answer for row in rows}) == 1:
        return None
    features = embed_rows(rows, task, reader, base.path) if reader and base else read_words(rows)
    return judge_labels(label_unseen(rows, features, task, folds), rows, task)


def judge_labels(logits: Floats, rows: Sequence[Example], task: Task) -> Noise:
    """Return the noise of the labels of `rows` by `logits` (rows, labels) of students that had not seen them.

    Of a multi-label task the judged are decisions, row by row and each label in turn, with two classes.
    """
    if task.kind != "multi-label":
        return estimate_noise(logits, np.array([task.names.index(str(row.label)) for row in rows]))
    given: Numbers = np.array([[name in row.given_labels for name in task.names] for row in rows], dtype=np.int64)
    decisions = np.stack([np.zeros(logits.size), logits.ravel()], axis=1)
    return estimate_noise(decisions, given.ravel(), np.repeat(np.arange(len(rows)), len(task.names)))


def _suspect(rows: Sequence[Example], noise: Noise, task: Task) -> Iterator[Json]:
    """Yield what is known of each label that is more likely wrong than right, the most doubtful first."""
    flagged = np.flatnonzero(noise.chances > SUSPICIOUS).tolist()
    for place in sorted(flagged, key=lambda place: -noise.chances[place]):
        given, probable = int(noise.given[place]), int(noise.probable[place])
        row, names = _read_judged(rows, task, place)
        said = {names[number]: float(noise.likely[place, number]) for number in (probable, given)}
        yield {
            "id": row.id,
            "given": names[given],
            "probable": names[probable],
            "chance": _round(noise.chances[place]),
            "reason": "; ".join(_explain(row, said)),
        }


def _read_judged(rows: Sequence[Example], task: Task, place: int) -> tuple[Example, list[str]]:
    """Return the row that is judged at `place`, and what its label could be."""
    if task.kind != "multi-label":
        return rows[place], task.names
    row, label = divmod(place, len(task.names))
    return rows[row], [f"not {task.names[label]}", task.names[label]]


def _explain(row: Example, said: dict[str, float]) -> Iterator[str]:
    (probable, more), (given, less) = said.items()
    yield f"students trained without it say {probable!r} ({100 * more:.0f} %), not {given!r} ({100 * less:.0f} %)"
    if row.confidence is not None and row.confidence < UNSURE:
        yield f"the teacher was not sure ({100 * row.confidence:.0f} %)"
    if row.is_as_asked is False:
        yield f"it was written for {row.asked_for!r}"


def _describe_pairs(noise: Noise, task: Task) -> Iterator[Json]:
    """Yield given and true label, how many rows are expected to be so, and the share of the rows given that label."""
    names = APPLIES if task.kind == "multi-label" else task.names
    counts = np.bincount(noise.given, minlength=len(names))
    pairs = [(counts[given] * share["value"], given, true, share) for given, true, share in noise.pairs()]
    for rows, given, true, share in sorted(pairs, key=lambda pair: (-pair[0], pair[1:3]))[:MAX_PAIRS]:
        if rows >= 1:
            yield {"given": names[given], "probable": names[true], "rows": round(float(rows), 1), "share": share}


def _round(share: Any) -> float:
    return round(float(share), 4)
