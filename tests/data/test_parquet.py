"""Published rows load with `datasets` as they were, names of labels included."""

import math

import pytest
from datasets import ClassLabel, List, Value, load_dataset

from factory.data.examples import Example
from factory.data.gold import iter_gold
from factory.data.parquet import write_parquet
from factory.recipe import Gold

LABELS = ["good", "bad", "so, so"]
ROWS = [
    Example("A film.", "so, so", confidence=0.5, probabilities={"so, so": 0.5, "good": 0.25}),
    Example("Dull.", "bad", asked_for="bad", source="generated", attributes={"tone": "dürr", "era": "now"}),
]


@pytest.fixture
def loaded(tmp_path):
    def load(rows, kind="single-label"):
        write_parquet(rows, LABELS, tmp_path / "data" / "train-00000-of-00001.parquet", kind)
        return load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))["train"]

    return load


def test_rows_load_with_the_names_of_their_labels(loaded):
    dataset = loaded(ROWS)
    assert dataset.features["label"] == ClassLabel(names=LABELS)
    first, second = dataset
    assert first == {
        "id": ROWS[0].id,
        "text": "A film.",
        "label": 2,
        "asked_for": None,
        "confidence": 0.5,
        "probabilities": [0.25, None, 0.5],
        "source": "texts",
        "attributes": "{}",
    }
    assert (second["asked_for"], second["probabilities"], second["confidence"]) == ("bad", None, None)
    assert second["attributes"] == '{"era": "now", "tone": "dürr"}'


def test_removed_rows_load_with_their_reason_and_may_lack_a_label(loaded):
    dataset = loaded([Example("Hm.", reason="unanswered: refused"), Example("Ah.", "good", reason="too short")])
    assert dataset["label"][:] == [None, 0]
    assert dataset["reason"][:] == ["unanswered: refused", "too short"]


def test_probabilities_are_single_precision(loaded):
    (row,) = loaded([Example("Hm.", "good", probabilities={"good": 0.1, "bad": 0.2, "so, so": 0.7})])
    assert math.isclose(row["probabilities"][0], 0.1, rel_tol=1e-6)
    assert row["probabilities"][0] != 0.1


def test_equal_rows_give_equal_bytes(tmp_path):
    write_parquet(ROWS, LABELS, tmp_path / "one.parquet")
    write_parquet(ROWS, LABELS, tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_several_labels_load_as_a_list_of_classes_in_place_of_the_one(loaded):
    rows = [Example("A", labels=("good", "so, so")), Example("B", labels=()), Example("C", reason="unanswered")]
    dataset = loaded(rows, "multi-label")
    assert dataset.features["labels"] == List(ClassLabel(names=LABELS))
    assert dataset["labels"][:] == [[0, 2], [], None]
    assert "label" not in dataset.features
    assert "text_pair" not in dataset.features


def test_a_pair_loads_with_both_texts(loaded):
    dataset = loaded([Example("A", "bad", text_pair="B")], "pair")
    assert list(dataset.features)[:4] == ["id", "text", "text_pair", "label"]
    assert dataset.features["text_pair"] == Value("string")
    assert (dataset[0]["text_pair"], dataset[0]["label"]) == ("B", 1)


def test_published_rows_can_be_read_as_gold_again(tmp_path):
    rows = [Example("A", labels=("good", "so, so")), Example("B", labels=())]
    write_parquet(rows, LABELS, tmp_path / "rows.parquet", "multi-label")
    gold = Gold(file="rows.parquet", label="labels", labelled_by="a teacher")
    found = iter_gold(tmp_path / "rows.parquet", gold, "multi-label", LABELS)
    assert [(row.text, row.labels) for row in found] == [(row.text, row.labels) for row in rows]
