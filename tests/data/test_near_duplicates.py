"""Texts that are nearly the same are found among many, and a pair is judged by its less alike side."""

import random

import pytest

from factory.data.candidates import Candidate
from factory.data.examples import Example
from factory.data.near_duplicates import NearDuplicates, measure_similarity

WORDS = [f"word{number}" for number in range(500)]


def candidate(text, second=None):
    return Candidate(Example(text, "a", text_pair=second))


def test_how_alike_two_texts_are_is_the_share_of_word_triples_that_they_have_in_common():
    assert measure_similarity(candidate("a b c d e"), candidate("A, b c d f!")) == 2 / 4
    assert measure_similarity(candidate("a b"), candidate("a b")) == 1
    assert measure_similarity(candidate("a b"), candidate("b a")) == 0


def test_pairs_are_as_alike_as_the_less_alike_of_their_sides():
    premise = "all of these people are sitting in a boat on the river"
    assert measure_similarity(candidate(premise, "they are dry"), candidate(premise, "they are wet")) == 0
    assert measure_similarity(candidate(premise), candidate(premise, "they are wet")) == 0


def test_what_is_found_is_what_comparing_with_every_text_finds():
    dice = random.Random(0)
    texts = [candidate(" ".join(dice.choices(WORDS, k=30))) for _ in range(200)]
    changed = []
    for text in texts:
        words = text.words[0].copy()
        for place in dice.sample(range(30), dice.randint(0, 3)):
            words[place] = "other"
        changed.append(candidate(" ".join(words)))
    known = NearDuplicates(0.7, texts)
    expected = [any(measure_similarity(text, other) >= 0.7 for other in texts) for text in changed]
    assert [text in known for text in changed] == expected
    assert 50 < sum(expected) < 150


@pytest.mark.parametrize("text", ["", "?!", "one"])
def test_a_text_without_three_words_is_like_itself_alone(text):
    known = NearDuplicates(0.5, [candidate(text)])
    assert candidate(text) in known
    assert candidate("...") not in known
