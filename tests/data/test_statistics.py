"""The numbers of a dataset card are counted from its rows."""

from factory.data.diversity import describe_diversity
from factory.data.examples import Example
from factory.data.statistics import describe_examples


def test_a_dataset_is_described_by_its_counts():
    splits = {
        "train": [
            Example("one two three", "a", asked_for="a", source="generated"),
            Example("one", "b"),
            Example("one two", "b", asked_for="a", source="generated"),
        ],
        "validation": [Example("one two three four", "b")],
    }
    rejected = [
        Example("x y z", "b", asked_for="a", source="generated", reason="disagreement"),
        Example("x", None, asked_for="a", source="generated", reason="unanswered: refused"),
        Example("y", "b", reason="too short"),
        Example("z", "b", reason="too short"),
    ]
    assert describe_examples(splits, rejected) == {
        "rows": 4,
        "labels": {"b": 3, "a": 1},
        "splits": {"train": {"rows": 3, "labels": {"b": 2, "a": 1}}, "validation": {"rows": 1, "labels": {"b": 1}}},
        "words": {"min": 1, "median": 2.5, "max": 4},
        "sources": {"generated": 2, "texts": 2},
        "removed": {"too short": 2, "disagreement": 1, "unanswered: refused": 1},
        "agreement": {"rows": 3, "agreed": 1},
        "diversity": describe_diversity([*splits["train"], *splits["validation"]]),
    }


def test_what_cannot_be_counted_is_none():
    described = describe_examples({"train": []})
    assert described["words"] is None
    assert described["agreement"] is None


def test_a_row_counts_for_each_of_its_labels_and_rows_without_any_by_themselves():
    rows = [Example("one", labels=("a", "b")), Example("two", labels=("b",), asked_for="a"), Example("x", labels=())]
    described = describe_examples({"train": rows, "validation": [Example("three", labels=("a",), asked_for="a")]})
    assert (described["rows"], described["labels"], described["none_applies"]) == (4, {"a": 2, "b": 2}, 1)
    assert described["splits"]["train"] == {"rows": 3, "labels": {"b": 2, "a": 1}}
    assert described["agreement"] == {"rows": 2, "agreed": 1}
    assert "none_applies" not in describe_examples({"train": [Example("one", "a")]})


def test_the_words_of_both_texts_of_a_pair_are_counted():
    rows = [Example("one two", "a", text_pair="three"), Example("one", "a", text_pair="two")]
    assert describe_examples({"train": rows})["words"] == {"min": 2, "median": 2.5, "max": 3}
