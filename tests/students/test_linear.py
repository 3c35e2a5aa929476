"""The linear student: numpy reads from its files what scikit-learn learned."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from factory.errors import DataError, HubError
from factory.recipe_students import Linear
from factory.students.bags import WORDS, term_reader
from factory.students.linear import train_linear
from factory.students.loading import load_folder
from tests.students.lessons import multi_label_lesson, pair_lesson, single_lesson

STUDENT = Linear(name="tiny", method="linear")
ODD = [
    "",
    "unheard of",
    "the the the soup soup was great",
    "THE SOUP, WAS (GREAT)!",
    "ÉTÉ großer \u0130 soup 日本",
    "  \n",
]


def fit(lesson, folder):
    fitted = train_linear(lesson)
    fitted.save(folder)
    return fitted.facts, load_folder(folder)


def test_numpy_gives_the_probabilities_of_sklearn(tmp_path):
    lesson = single_lesson(STUDENT, tmp_path, found={"penalty": 10.0})
    _, classify = fit(lesson, tmp_path / "model")
    texts = [row.text for row in lesson.rows]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORDS, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=3000).fit(
        vectorizer.fit_transform(texts), [row.label for row in lesson.rows]
    )
    asked = [*texts, *ODD, *(row.text for row in lesson.validation)]
    expected = model.predict_proba(vectorizer.transform(asked))[:, [1, 0]]
    assert classify.labels == ["yes", "no"]
    assert np.abs(classify.scores(asked) - expected).max() < 1e-5


def test_three_labels_give_the_probabilities_of_sklearn_too(tmp_path):
    lesson = single_lesson(STUDENT, tmp_path, found={"penalty": 1.0})
    task = lesson.task.model_copy(update={"labels": {"soup": "", "yes": "", "no": ""}})
    rows = [dataclasses.replace(row, label="soup") if "soup" in row.text else row for row in lesson.rows]
    _, classify = fit(dataclasses.replace(lesson, rows=rows, task=task), tmp_path / "model")
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORDS, sublinear_tf=True)
    features = vectorizer.fit_transform([row.text for row in rows])
    model = LogisticRegression(C=1, max_iter=3000).fit(features, [row.label for row in rows])
    expected = model.predict_proba(vectorizer.transform(ODD))[:, [1, 2, 0]]
    assert np.abs(classify.scores(ODD) - expected).max() < 1e-5


def test_the_search_chooses_a_penalty_and_the_second_pass_keeps_it(tmp_path):
    found, _ = fit(single_lesson(STUDENT, tmp_path), tmp_path / "searched")
    assert found["macro_f1"] > 0.9
    again = {**found, "penalty": 0.3}
    weak, _ = fit(single_lesson(STUDENT, tmp_path, found=again), tmp_path / "trained")
    assert weak["penalty"] == 0.3
    assert found["penalty"] > 0.3


def test_equal_lessons_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        fit(single_lesson(STUDENT, tmp_path), tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_several_labels_each_have_their_threshold(tmp_path):
    facts, classify = fit(multi_label_lesson(STUDENT, tmp_path), tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["thresholds"] == facts["thresholds"]
    assert config["problem_type"] == "multi_label_classification"
    both, none = classify(["the pizza was lovely", "the book was awful"])
    assert {answer["label"] for answer in both} == {"food", "praise"}
    assert both[0]["score"] >= both[1]["score"]
    assert none == []


def test_a_pair_is_read_as_two_texts(tmp_path):
    assert term_reader(WORDS, (1, 2))(("a b", "b c")) == ["a", "b", "a b", "\x1fb", "\x1fc", "\x1fb c"]
    _, classify = fit(pair_lesson(STUDENT, tmp_path), tmp_path / "model")
    assert classify.scores([("the soup was wonderful", "so terrible"), ("so terrible", "")]).shape == (2, 2)
    with pytest.raises(DataError, match=r"text 1 is alone, but the model reads pairs; give \(text, text_pair\)"):
        classify("the soup was wonderful")


@pytest.mark.parametrize(("balance", "is_likelier"), [("none", False), ("weights", True), ("sampling", True)])
def test_balance_makes_a_rare_label_likelier(tmp_path, balance, is_likelier):
    def score(settings):
        lesson = single_lesson(settings, tmp_path, found={"penalty": 1.0})
        rare = [row for row in lesson.rows if row.label == "no"][:4]
        rows = [row for row in lesson.rows if row.label == "yes"] + rare
        _, classify = fit(dataclasses.replace(lesson, rows=rows), tmp_path / settings.balance)
        return classify.scores("the dog was awful")[0, 1]

    balanced, plain = score(STUDENT.model_copy(update={"balance": balance})), score(STUDENT)
    assert (balanced > plain + 0.01) == is_likelier


def test_a_label_without_rows_is_never_given(tmp_path):
    lesson = single_lesson(STUDENT, tmp_path, found={"penalty": 1.0})
    task = lesson.task.model_copy(update={"labels": {**lesson.task.labels, "maybe": "m"}})
    _, classify = fit(dataclasses.replace(lesson, task=task), tmp_path / "model")
    assert classify.scores(["", "the soup was great"])[:, 2].max() < 1e-6


@pytest.mark.parametrize("name", ["model.safetensors", "vocabulary.json"])
@pytest.mark.parametrize("content", [None, b"", b"\xff" * 100, b"[]"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    train_linear(single_lesson(STUDENT, tmp_path)).save(tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content) if content is not None else (tmp_path / "model" / name).unlink()
    with pytest.raises(HubError, match=r"model: is damaged or incomplete \(.*\); pull the model again"):
        load_folder(tmp_path / "model")


@pytest.mark.parametrize("setting", [{"token_pattern": "("}, {"ngram_range": [1]}])
def test_settings_that_cannot_be_used_are_named(tmp_path, setting):
    train_linear(single_lesson(STUDENT, tmp_path)).save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **setting}))
    with pytest.raises(HubError, match="model: is damaged or incomplete"):
        load_folder(tmp_path / "model")
