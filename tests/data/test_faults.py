"""What a model says on demand is found, and what people write with the same words is not."""

import pytest

from factory.data.examples import Example
from factory.data.faults import find_fault, is_refusal, names_label, talks_about_itself


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("This is a negative review: the screen broke.", "negative"),
        ("Here's a very negative comment about it.", "negative"),
        ("Label: neutral. It rained.", "neutral"),
        ("The sentiment is positive", "positive"),
        ("Positive: I love it", "positive"),
        ("**Spam**: you have won", "spam"),
        ("I love it (positive)", "positive"),
        ("Positive review: I love it", "positive"),
        ("My card did not come, card_arrival", "card_arrival"),
        ("Category: card arrival. Where is it?", "card_arrival"),
        ("\u201cNegative\u201d tweet 3", "negative"),
    ],
)
def test_a_text_that_states_its_label_is_found(text, label):
    assert names_label(text, label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Ham and eggs for breakfast?", "ham"),
        ("Stop sending me spam, this is spam too", "spam"),
        ("Switzerland stayed neutral in the war.", "neutral"),
        ("I had a negative experience, and this review says why", "negative"),
        ("We agree that it warms.", "agree"),
        ("I am waiting for my card arrival", "card_arrival"),
        ("This is a negative review: the screen broke.", "positive"),
        ("The positive test (PCR) came late", "positive"),
        ("World news at ten", "World"),
    ],
)
def test_a_label_that_is_a_common_word_may_be_used(text, label):
    assert not names_label(text, label)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I cannot generate content of this kind.",
        "I am unable to provide that text",
        "Sorry, I can\u2019t help with that.",
        "I won't write such a text.",
    ],
)
def test_a_refusal_is_found(text):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can't help you move tomorrow",
        "Sorry I cannot come to the meeting",
        "I can't write",
        "I am not able to log in, please help",
        "I will not provide my PIN to anybody",
    ],
)
def test_people_are_sorry_too(text):
    assert not is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Here is a tweet that agrees: it warms",
        "Sure! Here are five reviews:",
        "Certainly, here's another example:",
        "Text 3: it warms",
        "Dear [Your Name], your parcel is here",
        "As an AI language model I have no opinion",
        "It warms. Let me know if you want more examples!",
    ],
)
def test_talk_about_the_text_is_found(text):
    assert talks_about_itself(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sure! See you at nine",
        "Here is my card, please charge it",
        "Here are the scores: 2-1",
        "Let me know if you need any of the receipts",
        "Text me at 5",
        "I work as an AI engineer",
        "Review: a fine camera",
        "[Music] plays while we wait",
    ],
)
def test_people_say_here_and_sure_too(text):
    assert not talks_about_itself(text)


def test_the_fault_of_a_row_is_named():
    row = Example("Der Klimawandel ist eine Bedrohung", "a", asked_for="a")
    assert find_fault(row, "en") == "another language"
    assert find_fault(row, "de") is None
    assert find_fault(row, None) is None
    assert find_fault(Example("A fine day (a)", "a", asked_for="a"), "en") == "names its label"
    assert find_fault(Example("A fine day (a)", "a"), "en") is None
    assert find_fault(Example("I cannot write this text", "a"), "en") == "refusal"
    assert find_fault(Example("A fine day", "a", text_pair="Text 2: a bad day"), "en") == "talks about itself"
