import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from factory.comparing.resampling import draw_rows
from factory.evaluation.intervals import bootstrap_scores, difference_of, interval_of
from tests.comparing.invented import invent_answers, invent_truth


def average(sample, columns):
    return sample.average(columns, [sample.score(column) for column in range(len(sample.answers))])


def test_the_sample_itself_has_the_scores_of_scikit_learn():
    truth = invent_truth(300, 5)
    predicted = invent_answers(truth, 0.7)
    scores = draw_rows(truth, [predicted], draws=10).score(0)
    assert scores["accuracy"][0] == pytest.approx(accuracy_score(truth, predicted))
    assert scores["macro_f1"][0] == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_multi_label_rows_have_the_scores_of_scikit_learn():
    truth = [("a",), (), ("a", "b"), ("b",), ("c", "a"), ()]
    predicted = [("a", "b"), (), ("b", "a"), (), ("a",), ("c",)]
    scores = draw_rows(truth, [predicted], draws=10).score(0)
    indicators = [[[name in row for name in "abc"] for row in rows] for rows in (truth, predicted)]
    assert scores["accuracy"][0] == pytest.approx(accuracy_score(*map(np.array, indicators)))
    assert scores["macro_f1"][0] == pytest.approx(f1_score(*map(np.array, indicators), average="macro"))


def test_with_one_seed_the_interval_is_that_of_rows_alone():
    truth = invent_truth(200)
    predicted = invent_answers(truth, 0.7)
    sample = draw_rows(truth, [predicted])
    numbers = [[int(label[-1]) for label in labels] for labels in (truth, predicted)]
    expected = bootstrap_scores(*numbers, 3)
    for name, values in average(sample, [0]).items():
        assert interval_of(values) == pytest.approx(expected[name], abs=0.012)


def test_equal_seeds_add_nothing_and_differing_seeds_widen():
    truth = invent_truth(2_000)
    good, bad = invent_answers(truth, 0.9), invent_answers(truth, 0.7)
    sample = draw_rows(truth, [good, good, bad])
    same, differing = average(sample, [0, 1])["accuracy"], average(sample, [0, 2])["accuracy"]
    np.testing.assert_allclose(same, sample.score(0)["accuracy"])
    assert np.std(differing) > 5 * np.std(same)


def test_seeds_alone_give_the_interval_of_students_t():
    """On so many rows all variance is between seeds: sd / sqrt(3) times the 97.5 % quantile of t with 4 degrees."""
    truth = invent_truth(20_000)
    runs = [invent_answers(truth, share, seed) for seed, share in enumerate((0.6, 0.7, 0.8))]
    found = interval_of(average(draw_rows(truth, runs, draws=4_000), [0, 1, 2])["accuracy"])
    assert found["value"] == pytest.approx(0.7, abs=0.01)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(0.1 / np.sqrt(3) * 2.776, rel=0.1)


def test_seeds_that_differ_no_more_than_rows_explain_add_nothing():
    truth, random = ["yes"] * 200, np.random.default_rng(5)
    one = random.random(200) < 0.8
    runs = [["yes" if right else "no" for right in np.roll(one, shift)] for shift in (0, 50, 100)]
    sample = draw_rows(truth, runs)
    np.testing.assert_allclose(
        average(sample, [0, 1, 2])["accuracy"],
        np.mean([sample.score(column)["accuracy"] for column in range(3)], axis=0),
    )


def test_runs_with_equal_answers_differ_by_exactly_nothing():
    truth = invent_truth()
    runs = [invent_answers(truth, 0.8, seed) for seed in range(3)]
    sample = draw_rows(truth, [*runs, *runs])
    scores = [average(sample, columns) for columns in ([0, 1, 2], [3, 4, 5])]
    found = difference_of(scores[0]["macro_f1"] - scores[1]["macro_f1"])
    assert found == {"difference": 0, "low": 0, "high": 0, "p": 1}


def test_the_order_of_rows_changes_no_digit():
    truth = invent_truth()
    runs = [invent_answers(truth, 0.8, seed) for seed in range(3)]
    order = np.random.default_rng(1).permutation(len(truth))
    there = average(draw_rows(truth, runs, draws=50), [0, 1, 2])
    back = average(
        draw_rows([truth[row] for row in order], [[run[row] for row in order] for run in runs], 50), [0, 1, 2]
    )
    for name in there:
        np.testing.assert_array_equal(there[name], back[name])


def test_rows_without_an_answer_are_left_out_and_not_counted_as_wrong():
    truth = ["a", "b", "a", "b"]
    sample = draw_rows(truth, [["a", None, "b", None], ["a", "a", "a", "a"]], draws=10)
    answered = sample.is_answered(0)
    assert sample.score(0, answered)["accuracy"][0] == 0.5
    assert sample.score(1, answered)["accuracy"][0] == 1


def test_a_draw_without_any_answered_row_scores_zero_and_not_nan():
    sample = draw_rows(["a", "b", "b"], [["a", None, None]], draws=200)
    assert np.isfinite(sample.score(0, sample.is_answered(0))["macro_f1"]).all()


@pytest.mark.parametrize("sd", [0.0, 0.02, 0.05])
def test_nineteen_in_twenty_intervals_hold_the_true_difference_over_rows_and_seeds(sd):
    """Two methods, three seeds each: every seed has a true accuracy of its own, and a hard row is hard for all."""
    covered, trials = 0, 150
    for trial in range(trials):
        random = np.random.default_rng(trial)
        hard = random.random(300)
        skills = [*random.normal(0.80, sd, 3), *random.normal(0.75, sd, 3)]
        rights = [hard + random.random(300) < 2 - np.sqrt(2 * (1 - skill)) for skill in skills]
        sample = draw_rows(["yes"] * 300, [np.where(right, "yes", "no").tolist() for right in rights], draws=300)
        found = difference_of(average(sample, [0, 1, 2])["accuracy"] - average(sample, [3, 4, 5])["accuracy"])
        covered += found["low"] <= 0.05 <= found["high"]
    assert 0.90 <= covered / trials <= 0.98
