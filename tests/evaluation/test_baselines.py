import json

import pytest

from factory.data.examples import Example, write_examples
from factory.evaluation.baselines import add_controls, score_baselines
from factory.recipe import Task
from factory.store import Artifact

TASK = Task(text="A text", question="Which?", labels={"ham": "wanted", "spam": "unwanted"})
HAM = ["see you at noon", "the soup was good", "call me later", "thanks for the book", "we are late"]
SPAM = ["win a prize now", "claim your free prize", "free cash now", "you win cash", "prize waiting, claim it"]


def rows(ham, spam):
    return [Example(text, label) for label, texts in (("ham", ham), ("spam", spam)) for text in texts]


@pytest.fixture
def splits(tmp_path):
    write_examples(tmp_path / "train.jsonl", rows([*HAM, "how are you"], SPAM))
    write_examples(tmp_path / "validation.jsonl", rows(["good noon"], ["free book prize"]))
    write_examples(tmp_path / "held_out.jsonl", rows(["see you later", "the book was good"], ["win free cash"]))
    return Artifact(tmp_path, "splits")


@pytest.fixture
def gold(tmp_path):
    write_examples(tmp_path / "gold.jsonl", rows(["the soup was late"], ["claim your cash prize", "win now"]))
    return Artifact(tmp_path, "gold")


def score(splits, gold, out):
    out.mkdir()
    score_baselines(splits, gold, TASK, out=out)
    return json.loads((out / "report.json").read_text())


def test_both_baselines_are_scored_on_gold_and_on_held_out_rows(splits, gold, tmp_path):
    majority, tfidf = score(splits, gold, tmp_path / "out")
    assert (majority["name"], tfidf["name"]) == ("majority", "tfidf")
    assert majority["gold"]["accuracy"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert majority["agreement"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert tfidf["gold"]["accuracy"]["value"] == 1
    assert tfidf["agreement"]["value"] == 1


def test_without_gold_baselines_agree_and_claim_no_more(splits, tmp_path):
    report = score(splits, None, tmp_path / "out")
    assert [entry["gold"] for entry in report] == [None, None]
    assert "accuracy" not in json.dumps(report)


def test_the_order_of_training_rows_does_not_matter(splits, gold, tmp_path):
    first = score(splits, gold, tmp_path / "first")
    lines = (splits.path / "train.jsonl").read_text().splitlines(keepends=True)
    (splits.path / "train.jsonl").write_text("".join(reversed(lines)))
    assert score(splits, gold, tmp_path / "second") == first


def test_texts_without_a_letter_can_be_learnt_from(splits, tmp_path):
    write_examples(splits.path / "train.jsonl", rows(["🙂 🙂 🙂", "🙂 🙂"], ["💰 💰 💰", "💰 !!!"]))
    write_examples(splits.path / "validation.jsonl", rows(["🙂"], ["💰"]))
    assert score(splits, None, tmp_path / "out")[1]["name"] == "tfidf"


def test_one_label_is_all_that_can_be_learnt_from_one(splits, tmp_path):
    for part in ("train", "validation"):
        write_examples(splits.path / f"{part}.jsonl", rows(HAM, []))
    assert [entry["agreement"]["value"] for entry in score(splits, None, tmp_path / "out")] == [
        pytest.approx(2 / 3, abs=1e-6)
    ] * 2


def test_label_sets_are_learnt_label_by_label(tmp_path):
    task = TASK.model_copy(update={"kind": "multi-label", "labels": {"ham": "", "spam": "", "all": "", "never": ""}})
    both = [*rows(HAM, SPAM), Example("see you at noon, and win free cash", "both")]
    given = {"ham": ("ham", "all"), "spam": ("spam", "all"), "both": ("ham", "spam", "all")}
    sets = [Example(row.text, labels=given[row.label]) for row in both]
    for part, some in {"train": sets, "validation": sets[:1], "held_out": [*sets[:2], sets[-2], sets[-1]]}.items():
        write_examples(tmp_path / f"{part}.jsonl", some)
    (tmp_path / "out").mkdir()
    score_baselines(Artifact(tmp_path, ""), None, task, out=tmp_path / "out")
    majority, tfidf = json.loads((tmp_path / "out" / "report.json").read_text())
    assert majority["agreement"]["value"] == 0.5
    assert tfidf["agreement"]["value"] == 1


def test_words_of_the_second_text_count(tmp_path):
    texts = [
        Example("the same text", label, text_pair=text)
        for label, some in (("ham", HAM), ("spam", SPAM))
        for text in some
    ]
    for part in ("train", "validation", "held_out"):
        write_examples(tmp_path / f"{part}.jsonl", texts)
    task = TASK.model_copy(update={"kind": "pair", "text_pair": "An answer"})
    (tmp_path / "out").mkdir()
    score_baselines(Artifact(tmp_path, ""), None, task, out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text())[1]["agreement"]["value"] == 1


def test_controls_stand_among_the_baselines(splits, gold, tmp_path):
    baselines = score(splits, gold, tmp_path / "out")
    (tmp_path / "control").mkdir()
    scores = {"name": "small", "bytes": 9, "gold": baselines[0]["gold"], "agreement": baselines[0]["agreement"]}
    (tmp_path / "control" / "report.json").write_text(json.dumps(scores))
    controls = {"small from random weights": Artifact(tmp_path / "control", "")}
    add_controls(Artifact(tmp_path / "out", ""), controls, out=tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == [
        *baselines,
        {**baselines[0], "name": "small from random weights"},
    ]
