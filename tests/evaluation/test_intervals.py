import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from factory.evaluation.intervals import bootstrap_difference, bootstrap_scores, bootstrap_set_scores, bootstrap_share

RANDOM = np.random.default_rng


def noisy(rows, classes, share_right, seed=0):
    random = RANDOM(seed)
    truth = random.integers(0, classes, rows)
    return truth, np.where(random.random(rows) < share_right, truth, random.integers(0, classes, rows))


def test_values_are_those_of_scikit_learn():
    truth, predicted = noisy(300, 5, 0.7)
    scores = bootstrap_scores(truth, predicted, 5)
    assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-6)
    assert scores["macro_f1"]["value"] == pytest.approx(f1_score(truth, predicted, average="macro"), abs=1e-6)
    assert scores["matthews_correlation"]["value"] == pytest.approx(matthews_corrcoef(truth, predicted), abs=1e-6)


def test_a_class_that_occurs_nowhere_does_not_lower_macro_f1():
    scores = bootstrap_scores([0, 0, 1, 1], [0, 0, 1, 0], classes=9)
    assert scores["macro_f1"]["value"] == pytest.approx(
        f1_score([0, 0, 1, 1], [0, 0, 1, 0], average="macro"), abs=1e-6
    )


def test_intervals_are_those_of_resampling_rows_one_by_one():
    truth, predicted = noisy(150, 3, 0.6)
    random, accuracies, f1s = RANDOM(1), [], []
    for _ in range(1_000):
        rows = random.integers(0, 150, 150)
        accuracies.append(np.mean(truth[rows] == predicted[rows]))
        f1s.append(f1_score(truth[rows], predicted[rows], average="macro"))
    scores = bootstrap_scores(truth, predicted, 3)
    for name, draws in {"accuracy": accuracies, "macro_f1": f1s}.items():
        low, high = np.percentile(draws, [2.5, 97.5])
        assert scores[name]["low"] == pytest.approx(low, abs=0.015)
        assert scores[name]["high"] == pytest.approx(high, abs=0.015)


def test_ninety_five_in_a_hundred_intervals_hold_the_truth():
    random = RANDOM(2)
    covered = 0
    for _ in range(300):
        share = bootstrap_share(random.random(200) < 0.7, draws=500)
        covered += share["low"] <= 0.7 <= share["high"]
    assert 0.91 <= covered / 300 <= 0.98


def test_the_order_of_rows_changes_no_digit():
    truth, predicted = noisy(80, 4, 0.5)
    shuffled = RANDOM(3).permutation(80)
    assert bootstrap_scores(truth, predicted, 4) == bootstrap_scores(truth[shuffled], predicted[shuffled], 4)


def test_one_row_is_enough_to_be_scored():
    assert bootstrap_scores([1], [1], 2)["accuracy"] == {"value": 1, "low": 1, "high": 1}
    assert bootstrap_scores([1], [0], 2)["macro_f1"] == {"value": 0, "low": 0, "high": 0}


def test_equal_hits_differ_by_nothing_with_p_one():
    hits = RANDOM(4).random(100) < 0.8
    assert bootstrap_difference(hits, hits) == {"difference": 0, "low": 0, "high": 0, "p": 1}


def test_a_clear_difference_has_a_small_p_and_an_interval_without_zero():
    random = RANDOM(5)
    found = bootstrap_difference(random.random(400) < 0.9, random.random(400) < 0.6)
    assert found["low"] > 0
    assert found["p"] < 0.01


def test_pairs_are_kept_together():
    """Where one is right whenever the other is, the difference is far surer than the two intervals suggest."""
    theirs = np.arange(200) < 120
    ours = np.arange(200) < 128
    found = bootstrap_difference(ours, theirs)
    assert found["difference"] == pytest.approx(0.04)
    assert found["low"] > 0
    assert bootstrap_share(theirs)["high"] > bootstrap_share(ours)["low"]


def test_swapping_sides_swaps_the_sign():
    ours, theirs = np.arange(100) % 3 > 0, np.arange(100) % 4 > 0
    there, back = bootstrap_difference(ours, theirs), bootstrap_difference(theirs, ours)
    assert there["difference"] == -back["difference"]
    assert there["low"] == pytest.approx(-back["high"], abs=0.02)


def test_p_is_seldom_small_where_there_is_no_difference():
    random = RANDOM(6)
    small = sum(
        bootstrap_difference(random.random(150) < 0.7, random.random(150) < 0.7, draws=400)["p"] < 0.05
        for _ in range(200)
    )
    assert small / 200 <= 0.1


def noisy_sets(rows, labels, seed=0):
    random = RANDOM(seed)
    truth = random.random((rows, labels)) < 0.3
    return truth, truth ^ (random.random((rows, labels)) < 0.1)


def test_values_of_label_sets_are_those_of_scikit_learn():
    truth, predicted = noisy_sets(200, 5)
    scores = bootstrap_set_scores(truth, predicted)
    assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-6)
    for average in ("macro", "micro"):
        expected = f1_score(truth, predicted, average=average)
        assert scores[f"{average}_f1"]["value"] == pytest.approx(expected, abs=1e-6)


def test_intervals_of_label_sets_are_those_of_resampling_rows_one_by_one():
    truth, predicted = noisy_sets(150, 3)
    random, draws = RANDOM(1), {"macro_f1": [], "micro_f1": [], "accuracy": []}
    for _ in range(600):
        rows = random.integers(0, 150, 150)
        draws["accuracy"].append(accuracy_score(truth[rows], predicted[rows]))
        for average in ("macro", "micro"):
            draws[f"{average}_f1"].append(f1_score(truth[rows], predicted[rows], average=average))
    scores = bootstrap_set_scores(truth, predicted)
    for name, values in draws.items():
        low, high = np.percentile(values, [2.5, 97.5])
        assert scores[name]["low"] == pytest.approx(low, abs=0.015)
        assert scores[name]["high"] == pytest.approx(high, abs=0.015)


def test_a_label_that_no_row_has_does_not_lower_macro_f1_of_label_sets():
    truth, predicted = noisy_sets(50, 3)
    wider = [np.hstack([part, np.zeros((50, 2), bool)]) for part in (truth, predicted)]
    assert (
        bootstrap_set_scores(*wider)["macro_f1"]["value"]
        == bootstrap_set_scores(truth, predicted)["macro_f1"]["value"]
    )


def test_rows_without_any_label_are_exact_matches_and_have_no_f1():
    scores = bootstrap_set_scores(np.zeros((4, 2)), np.zeros((4, 2)))
    assert scores["accuracy"]["value"] == 1
    assert scores["macro_f1"] == scores["micro_f1"] == {"value": 0, "low": 0, "high": 0}
