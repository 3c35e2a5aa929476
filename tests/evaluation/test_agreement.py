from __future__ import annotations

import pytest

from factory.evaluation.agreement import cohen_kappa, describe_agreement, fleiss_kappa

# The example of Fleiss (1971) as it is usually given: ten subjects, fourteen raters, five categories.
FLEISS = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]


def test_the_kappa_of_many_raters_is_that_of_the_known_example():
    answers = [[place for place, count in enumerate(row) for _ in range(count)] for row in FLEISS]
    assert fleiss_kappa(answers) == pytest.approx(0.210, abs=0.0005)


def test_the_kappa_of_two_raters_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    first, second = list("aaabbbccca"), list("aabbbcccaa")
    assert cohen_kappa(list(zip(first, second, strict=True))) == pytest.approx(cohen_kappa_score(first, second))


def test_agreement_is_counted_on_texts_that_were_answered():
    votes = [["ham", "ham", "ham"], ["ham", "spam", "ham"], ["spam", "spam", None], ["spam", "spam", "spam"]]
    found = describe_agreement(["a", "b", "c"], votes)
    assert (found["rows"], found["agreement"]) == (3, 0.666667)
    assert [(pair["teachers"], pair["rows"], pair["agreement"]) for pair in found["pairs"]] == [
        (["a", "b"], 4, 0.75),
        (["a", "c"], 3, 1.0),
        (["b", "c"], 3, 0.666667),
    ]
    assert found["pairs"][0]["kappa"] == 0.5


def test_several_labels_together_are_one_answer():
    found = describe_agreement(["a", "b"], [[["x", "y"], ["x", "y"]], [[], ["x"]]])
    assert (found["rows"], found["agreement"]) == (2, 0.5)


@pytest.mark.parametrize("votes", [[], [[None, None]], [["ham", "ham"], ["ham", "ham"]]])
def test_where_chance_cannot_be_told_there_is_no_kappa(votes):
    found = describe_agreement(["a", "b"], votes)
    assert found["kappa"] is None
    assert found["pairs"][0]["kappa"] is None
