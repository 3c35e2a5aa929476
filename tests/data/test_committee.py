"""Several teachers, from a recipe to a dataset without a student."""

from __future__ import annotations

import pytest

from factory.bench import Bench
from factory.data.examples import read_examples
from factory.data.gold import read_texts
from factory.pipeline import build
from factory.planning import plan
from factory.recipe import Recipe
from factory.store import Store
from tests.scripted_teacher import ScriptedTeacher, labels_by
from tests.sms import RECIPE, knows, write_rows

TEXTS = {
    "win a prize today": "spam spam",
    "see you at lunch": "ham ham",
    "your parcel waits here": "ham spam",
    "call me back soon": "spam ham",
    "nobody knows this one": "ham -",
    "win a bike now": "spam spam",
    "win a car now": "spam spam",
}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the recipe with two recorded teachers and the `others`."""

    def read(*others, more=""):
        folder = tmp_path / "recipe"
        for place in (0, 1):
            rows = [{"text": text, "label": said.split()[place]} for text, said in TEXTS.items()]
            (folder / "ab"[place]).mkdir(parents=True, exist_ok=True)
            write_rows(folder / "ab"[place] / "labels.jsonl", [row for row in rows if row["label"] != "-"])
        write_rows(folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        teachers = ["{recorded: a, model: first}", "{recorded: b, model: second}", *others]
        (folder / "recipe.yaml").write_text(
            f"{RECIPE}filter: {{min_words: 1}}\nteachers: [{', '.join(teachers)}]{more}"
        )
        return Recipe.read(folder)

    return read


def label(recipe, tmp_path):
    bench = Bench(recipe, Store(tmp_path / "store"), None)
    texts = bench.store(read_texts, bench.find_rows(recipe.texts), recipe.texts, recipe.task.kind)
    return {row.text: row for row in read_examples(bench.label(texts).path / "examples.jsonl")}


def test_the_label_is_what_most_teachers_say_and_a_tie_has_none(read, tmp_path):
    rows = label(read(), tmp_path)
    assert [(row.label, row.reason) for row in rows.values()] == [
        ("spam", None),
        ("ham", None),
        (None, "the teachers disagree"),
        (None, "the teachers disagree"),
        ("ham", None),
        ("spam", None),
        ("spam", None),
    ]
    assert rows["your parcel waits here"].probabilities == {"ham": 0.5, "spam": 0.5}
    assert rows["win a prize today"].confidence == 1.0
    assert rows["nobody knows this one"].confidence == 0.5


def test_a_teacher_that_is_asked_shares_the_budget_and_breaks_ties(read, tmp_path):
    with ScriptedTeacher(labels_by(knows)) as server:
        asked = f'{{model: third, base_url: "{server.base_url}"}}'
        rows = label(read(asked, more="\nbudget: {calls: 7}"), tmp_path)
    assert [row.label for row in rows.values()] == ["spam", "ham", "ham", "ham", "ham", "spam", "spam"]
    assert rows["call me back soon"].probabilities == {"ham": 0.666667, "spam": 0.333333}
    assert len(server.asked) == 7


def test_the_dataset_says_who_voted_and_how_far_they_agree(read):
    with ScriptedTeacher(labels_by(knows)) as server:
        recipe = read(f'{{model: third, base_url: "{server.base_url}"}}')
        assert plan(recipe).teacher["calls"] == 7
        release = build(recipe)
        assert build(recipe).id == release.id
    teacher = release.report["teacher"]
    assert teacher["model"] == "first, second and third"
    assert teacher["calls"] == 7
    assert (teacher["committee"]["rows"], teacher["committee"]["agreement"]) == (6, 0.666667)
    assert [pair["teachers"] for pair in teacher["committee"]["pairs"]] == [
        ["first", "second"],
        ["first", "third"],
        ["second", "third"],
    ]
    card = " ".join((release.path / "dataset" / "README.md").read_text().split())
    assert "the language models first, second and third labelled each by itself" in card
    assert "All agree on 66.7 % of the 6 texts that all of them answered (Fleiss' kappa" in card


def test_the_dataset_says_how_right_each_teacher_is_by_itself(read, tmp_path):
    (tmp_path / "recipe").mkdir()
    gold = {"see you at lunch": "ham", "win back my heart": "ham"}
    write_rows(tmp_path / "recipe" / "gold.jsonl", [{"text": text, "label": label} for text, label in gold.items()])
    with ScriptedTeacher(labels_by(knows)) as server:
        third = f'{{model: third, base_url: "{server.base_url}"}}'
        release = build(read(third, more="\ngold: {file: gold.jsonl, labelled_by: humans}"))
    scores = release.report["teacher"]["committee"]["gold"]
    found = [(score["teacher"], score["rows"], score["accuracy"]["value"]) for score in scores]
    assert found == [("first", 1, 1), ("second", 1, 1), ("third", 2, 0.5)]
    card = " ".join((release.path / "dataset" / "README.md").read_text().split())
    assert "By itself third is right on 50.0 % of 2 gold rows (95 % interval" in card
