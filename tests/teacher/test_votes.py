from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.teacher import Answer
from factory.teacher.votes import TIED, count_votes

NAMES = ["ham", "spam", "scam"]
ANSWERS = st.one_of(
    st.sampled_from(NAMES).map(Answer), st.sampled_from(["refused", "cut off"]).map(lambda why: Answer(None, why))
)


def of(*labels):
    return [Answer(label) if label else Answer(None, "refused") for label in labels]


def test_the_label_is_that_of_most_votes_and_its_share_the_confidence():
    answer = count_votes(of("ham", "spam", "ham"), NAMES)
    assert (answer.label, answer.confidence) == ("ham", 0.666667)
    assert answer.probabilities == {"ham": 0.666667, "spam": 0.333333, "scam": 0.0}


def test_a_tie_has_no_label_but_keeps_what_was_said():
    answer = count_votes(of("ham", "spam"), NAMES)
    assert (answer.label, answer.reason, answer.confidence) == (None, TIED, None)
    assert answer.probabilities == {"ham": 0.5, "spam": 0.5, "scam": 0.0}


def test_an_answer_without_a_label_is_no_vote_and_lowers_the_confidence():
    answer = count_votes(of("ham", None, None, "ham"), NAMES)
    assert (answer.label, answer.confidence) == ("ham", 0.5)
    assert answer.probabilities == {"ham": 1.0, "spam": 0.0, "scam": 0.0}


def test_where_nobody_gives_a_label_the_commonest_reason_is_kept():
    answers = [Answer(None, "cut off"), Answer(None, "refused"), Answer(None, "refused")]
    assert count_votes(answers, NAMES) == Answer(None, "refused")


def test_probabilities_that_were_told_count_for_more_than_a_whole_vote():
    told = Answer("ham", None, 0.6, {"ham": 0.6, "spam": 0.3})
    assert count_votes([told, Answer("ham")], NAMES).probabilities == {"ham": 0.8, "spam": 0.15, "scam": 0.0}


@pytest.mark.parametrize(
    ("given", "labels", "reason"),
    [
        ([("ham", "spam"), ("spam",), ("spam", "scam")], ("spam",), None),
        ([(), (), ("spam",)], (), None),
        ([("ham",), ("spam",)], None, TIED),
    ],
)
def test_several_labels_are_voted_on_each_by_itself(given, labels, reason):
    answer = count_votes([Answer(None, labels=chosen) for chosen in given], NAMES)
    assert (answer.labels, answer.reason) == (labels, reason)
    assert answer.probabilities["spam"] == pytest.approx(sum("spam" in chosen for chosen in given) / len(given))


@settings(max_examples=200, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=7))
def test_a_label_always_has_more_votes_than_any_other_and_the_order_does_not_matter(answers):
    answer = count_votes(answers, NAMES)
    votes = [given.label for given in answers if given.label]
    best = max(map(votes.count, NAMES))
    winners = [name for name in NAMES if votes and votes.count(name) == best]
    assert answer.label == (winners[0] if len(winners) == 1 else None)
    assert count_votes(answers[::-1], NAMES) == answer
    assert not answer.probabilities or sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
