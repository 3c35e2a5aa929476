"""What costs nothing: the most frequent answer, and a linear model on words. A student has to beat both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Example, read_examples
from factory.evaluation.prediction import Answer
from factory.evaluation.scoring import score_agreement, score_answers, trusted_answers, write_json
from factory.recipe import Task
from factory.store import Artifact


def score_baselines(splits: Artifact, gold: Artifact | None, task: Task, *, out: Path) -> None:
    """Write `report.json`, the list under "baselines": each learns the rows of a student and is scored as one.

    Students train on the validation rows too, once these have chosen the number of epochs.
    """
    train, validation, held_out = (
        read_examples(splits.path / f"{part}.jsonl") for part in ("train", "validation", "held_out")
    )
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    entries = []
    for name, learn in (("majority", _repeat_majority), ("tfidf", _weigh_words)):
        predicted = learn([*train, *validation], [*trusted, *held_out], task)
        on_gold, on_held_out = predicted[: len(trusted)], predicted[len(trusted) :]
        score = score_answers(trusted_answers(trusted), on_gold, task) if gold else None
        entries.append({"name": name, "gold": score, "agreement": score_agreement(held_out, on_held_out)})
    write_json(out / "report.json", entries)


def add_controls(baselines: Artifact, controls: Mapping[str, Artifact], *, out: Path) -> None:
    """Write `report.json`, the list of `baselines` with the evaluations `controls` by the names they shall have."""
    entries = json.loads((baselines.path / "report.json").read_text(encoding="utf-8"))
    for name, evaluated in controls.items():
        scores = json.loads((evaluated.path / "report.json").read_text(encoding="utf-8"))
        entries.append({"name": name, "gold": scores["gold"], "agreement": scores["agreement"]})
    write_json(out / "report.json", entries)


def find_majority(answers: Sequence[Answer]) -> Answer:
    """Return the most frequent answer; of equally frequent ones, the first in the alphabet."""
    counts = Counter(answers)
    most = max(counts.values())
    return next(answer for answer in sorted(counts, key=str) if counts[answer] == most)


def _repeat_majority(train: Sequence[Example], asked: Sequence[Example], task: Task) -> list[Answer]:
    return [find_majority(trusted_answers(train))] * len(asked)


def _weigh_words(train: Sequence[Example], asked: Sequence[Example], task: Task) -> list[Answer]:
    """Return what logistic regression says: of single labels one model, of label sets one for each label."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]+", sublinear_tf=True)
    learnt, read = vectorizer.fit_transform(map(_join, train)), vectorizer.transform(map(_join, asked))
    if task.kind != "multi-label":
        return _regress(learnt, [str(row.label) for row in train], read)
    columns = [_regress(learnt, [label in row.given_labels for row in train], read) for label in task.names]
    return [
        tuple(label for label, applies in zip(task.names, row, strict=True) if applies)
        for row in zip(*columns, strict=True)
    ]


def _regress(learnt: Any, answers: list[Any], read: Any) -> list[Any]:
    """Return predictions for `read`; where all of `answers` are one, that."""
    from sklearn.linear_model import LogisticRegression

    if len(set(answers)) == 1:
        return answers[:1] * int(read.shape[0])
    model: Any = LogisticRegression(C=10, max_iter=2_000).fit(learnt, answers)
    return list(model.predict(read).tolist())


def _join(row: Example) -> str:
    return row.text if row.text_pair is None else f"{row.text}\n{row.text_pair}"
