"""Variety is nothing where a text is repeated, and all there can be where no two have a word in common."""

import pytest

from factory.data.diversity import MAX_ROWS, describe_diversity
from factory.data.examples import Example


def describe(*texts):
    return describe_diversity([Example(text, "a") for text in texts])


def test_one_text_again_and_again_is_as_varied_as_one():
    assert describe(*["one two three"] * 4) == {
        "rows": 4,
        "distinct": {"1": 0.25, "2": 0.25, "3": 0.25},
        "self_similarity": 1,
        "effective_rows": 1,
    }


def test_texts_without_a_common_word_are_as_varied_as_can_be():
    assert describe(*(f"a{n} b{n} c{n}" for n in range(4))) == {
        "rows": 4,
        "distinct": {"1": 1, "2": 1, "3": 1},
        "self_similarity": 0,
        "effective_rows": 4,
    }


def test_what_lies_between_is_between():
    described = describe("one two three", "one two four", "five six seven")
    assert described["distinct"] == {"1": 0.7778, "2": 0.8333, "3": 1}
    assert described["self_similarity"] == pytest.approx(1 / 3, abs=1e-4)  # half, half and nothing
    assert 2 < described["effective_rows"] < 3


def test_of_many_rows_some_are_looked_at_whatever_their_order():
    rows = [Example(f"text number {n}", "a") for n in range(MAX_ROWS + 9)]
    assert describe_diversity(rows) == describe_diversity(rows[::-1])
    assert describe_diversity(rows)["rows"] == MAX_ROWS


def test_what_has_no_words_says_nothing():
    assert describe("one") is None
    assert describe("?", "!")["distinct"] == {"1": None, "2": None, "3": None}
    assert describe("?", "!")["self_similarity"] == 0
