"""A text is in another language only beyond doubt."""

import pytest

from factory.data.languages import is_in_another_language

GERMAN = "Das ist ein sehr sch\u00f6ner Film, den ich gerne gesehen habe."


def test_a_text_in_another_language_is_told():
    assert is_in_another_language(GERMAN, "en")
    assert not is_in_another_language(GERMAN, "de")


@pytest.mark.parametrize(
    "text", ["ok lar joking wif u oni u dun say so early hor", "Free entry in 2 a wkly comp to win FA Cup", "Bonjour!"]
)
def test_slang_and_short_texts_are_let_through(text):
    assert not is_in_another_language(text, "en")


def test_a_language_that_nobody_can_tell_is_let_through():
    assert not is_in_another_language(GERMAN, "tlh")
