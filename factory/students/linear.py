"""The cheapest student: logistic regression on TF-IDF of words and pairs of words, in a file of kilobytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from factory.students.bags import LINEAR, WORDS, term_reader, write_bag
from factory.students.lesson import Fitted, Lesson
from factory.students.regression import fit_regression, search_penalty

LENGTHS = (1, 2)  # words in a term
MAX_TERMS = 100_000  # the most frequent


def train_linear(lesson: Lesson) -> Fitted:
    """Return a regression on the terms of the lesson's rows; the search finds its penalty."""
    vectorizer, rows = new_vectorizer(), lesson.labelled_rows
    features = vectorizer.fit_transform([row.content for row in rows])
    validation = [row.content for row in lesson.validation]
    found = lesson.found or search_penalty(lesson, features, vectorizer.transform(validation))
    weights, biases = fit_regression(lesson, features, found["penalty"])
    arrays = {"idf": vectorizer.idf_, "weights": weights.T, "biases": biases}
    counted = dict.fromkeys(("parameters", "trained_parameters"), weights.size + biases.size)

    def save(folder: Path) -> None:
        config = {"model_type": LINEAR, "token_pattern": WORDS, "ngram_range": LENGTHS}
        floats = {name: array.astype(np.float32) for name, array in arrays.items()}
        write_bag(folder, lesson, found.get("thresholds"), config, floats)
        terms = json.dumps(vectorizer.get_feature_names_out().tolist(), ensure_ascii=False)
        (folder / "vocabulary.json").write_text(terms + "\n", encoding="utf-8")

    return Fitted(save, found | counted)


def new_vectorizer() -> Any:
    """Return what makes TF-IDF of texts, or of pairs of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=term_reader(WORDS, LENGTHS), max_features=MAX_TERMS, sublinear_tf=True)
