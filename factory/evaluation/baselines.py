"""What costs nothing: the most frequent label, and a linear model on words. A student has to beat both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Example, read_examples
from factory.evaluation.scoring import score_agreement, score_labels, write_json
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
    texts = [row.text for row in [*trusted, *held_out]]
    entries = []
    for name, learn in (("majority", _repeat_majority), ("tfidf", _weigh_words)):
        predicted = learn([*train, *validation], texts)
        on_gold, on_held_out = predicted[: len(trusted)], predicted[len(trusted) :]
        score = score_labels([row.label or "" for row in trusted], on_gold, task.names) if gold else None
        entries.append({"name": name, "gold": score, "agreement": score_agreement(held_out, on_held_out)})
    write_json(out / "report.json", entries)


def _repeat_majority(train: Sequence[Example], texts: Sequence[str]) -> list[str]:
    counts = Counter(row.label or "" for row in train)
    return [max(sorted(counts), key=counts.__getitem__)] * len(texts)


def _weigh_words(train: Sequence[Example], texts: Sequence[str]) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]+", sublinear_tf=True)
    model: Any = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=2_000))
    model.fit([row.text for row in train], [row.label for row in train])
    return [str(label) for label in model.predict(texts)]
