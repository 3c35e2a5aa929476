import pytest

from factory.comparing.runs import group_runs
from factory.errors import DataError
from tests.comparing.invented import invent_run

TRUTH, ANSWERS = ["a", "b"], ["a", "a"]


def entry_of(*runs):
    return group_runs(runs)["news"][0]


def run(lr, validation, *, seed=0, predicted=ANSWERS, **settings):
    return invent_run(truth=TRUTH, predicted=predicted, lr=lr, validation=validation, seed=seed, **settings)


def test_the_learning_rate_is_the_one_with_the_best_mean_over_seeds():
    runs = [run(1e-5, 0.9), run(1e-5, 0.5, seed=1), run(2e-5, 0.75), run(2e-5, 0.74, seed=1)]
    assert entry_of(*runs).lr == 2e-5


def test_gold_has_no_say_in_the_learning_rate():
    assert entry_of(run(1e-5, 0.8, predicted=["a", "a"]), run(2e-5, 0.7, predicted=TRUTH)).lr == 1e-5


def test_of_equal_learning_rates_the_first_with_answers_on_gold_is_taken():
    assert entry_of(run(3e-5, 0.8, predicted=[]), run(2e-5, 0.8), run(1e-5, 0.8)).lr == 2e-5


def test_a_seed_that_was_not_searched_has_no_say():
    entry = entry_of(run(1e-5, 0.8), run(1e-5, None, seed=1), run(2e-5, 0.7))
    assert (entry.lr, entry.validation) == (1e-5, 0.8)
    assert [found.seed for found in entry.answered_at(1e-5)] == [0, 1]


def test_a_student_that_tried_several_methods_is_the_one_that_validation_prefers():
    tried = [run(None, 0.6, method="linear"), run(None, 0.8, method="head", base_model="large"), run(1e-5, 0.7)]
    entry = entry_of(*tried)
    assert (entry.method, entry.lr, entry.base_model, entry.validation) == ("head", None, "large", 0.8)
    assert entry.answered_at(None) == [tried[1]]


def test_a_student_that_was_not_searched_is_a_fault():
    with pytest.raises(DataError, match="student 'base' of 'news' has no score on validation rows"):
        entry_of(run(1e-5, None))


def test_a_run_made_for_a_shared_learning_rate_is_never_chosen():
    entry = entry_of(run(1e-5, 0.8), run(2e-5, 0.9, shared_lr=True))
    assert entry.lr == 1e-5
    assert [found.lr for found in entry.answered_at(2e-5)] == [2e-5]


def test_a_seed_counts_once_at_a_learning_rate():
    own, shared = run(1e-5, 0.8), run(1e-5, 0.8, shared_lr=True, predicted=TRUTH)
    assert entry_of(own, shared).answered_at(1e-5) == entry_of(shared, own).answered_at(1e-5) == [own]


def test_a_student_without_a_learning_rate_is_one_setting():
    assert entry_of(run(None, 0.8), run(None, 0.7, seed=1)).lr is None


def test_a_best_learning_rate_without_answers_is_a_fault_that_names_it():
    with pytest.raises(
        DataError, match="student 'base' of 'news' has no answers on gold at its best learning rate, 2e-05"
    ):
        entry_of(run(1e-5, 0.8), run(2e-5, 0.9, predicted=[]))


def test_runs_on_other_gold_rows_are_a_fault():
    with pytest.raises(DataError, match="student 'other' of 'news' was scored on other gold rows"):
        group_runs([run(1e-5, 0.8), invent_run("other", truth=["b", "b"], predicted=ANSWERS)])
