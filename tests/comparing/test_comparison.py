import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from factory.comparing.comparison import compare
from factory.errors import DataError
from tests.comparing.invented import invent_answers, invent_run, invent_student, invent_truth

TRUTH = invent_truth()
FULL = invent_student("base", 0.85, TRUTH, salt=1)
LORA = invent_student("small", 0.75, TRUTH, salt=2, method="lora", lr=5e-4, trained_parameters=50)
SHARED = invent_student("small", 0.55, TRUTH, salt=3, method="lora", lr=5e-5, trained_parameters=50, shared_lr=True)
TEACHER = [answer if row % 4 else None for row, answer in enumerate(invent_answers(TRUTH, 0.9, seed=9))]


def students_of(comparison):
    return {student["name"]: student for student in comparison["tasks"][0]["students"]}


@pytest.fixture(scope="module")
def comparison():
    return compare([*FULL, *LORA, *SHARED], teachers={"news": TEACHER})


def test_a_score_is_the_mean_over_seeds_with_its_spread(comparison):
    scores = [f1_score(TRUTH, run.predicted, average="macro") for run in FULL]
    found = students_of(comparison)["base"]["gold"]["macro_f1"]
    assert found["value"] == pytest.approx(np.mean(scores), abs=1e-6)
    assert found["sd"] == pytest.approx(np.std(scores, ddof=1), abs=1e-6)
    assert [found["min"], found["max"]] == pytest.approx([min(scores), max(scores)], abs=1e-6)
    assert found["low"] < found["value"] < found["high"]


def test_a_difference_is_that_of_the_two_means_and_the_reference_has_none(comparison):
    students = students_of(comparison)
    ours, theirs = (students[name]["gold"]["accuracy"]["value"] for name in ("small", "base"))
    found = students["small"]["minus_reference"]["accuracy"]
    assert students["small"]["reference"] == "base"
    assert found["difference"] == pytest.approx(ours - theirs, abs=2e-6)
    assert found["high"] < 0
    assert found["p"] < 0.01
    assert students["base"]["minus_reference"] is None


def test_at_the_shared_rate_the_runs_at_the_references_best_rate_are_compared(comparison):
    small = students_of(comparison)["small"]
    assert small["lr"] == 5e-4
    assert small["at_shared_lr"]["lr"] == 5e-5
    assert small["at_shared_lr"]["accuracy"]["difference"] == pytest.approx(0.55 - 0.85, abs=0.05)


def test_without_runs_at_that_rate_nothing_is_said_of_it():
    assert students_of(compare([*FULL, *LORA]))["small"]["at_shared_lr"] is None


def test_the_teacher_is_compared_on_the_rows_that_it_answered(comparison):
    answered = [row for row, answer in enumerate(TEACHER) if answer is not None]
    hits = [np.mean([run.predicted[row] == TRUTH[row] for row in answered]) for run in FULL]
    teacher = np.mean([TEACHER[row] == TRUTH[row] for row in answered])
    task = comparison["tasks"][0]
    assert task["teacher"]["rows"] == len(answered) == 300
    assert task["teacher"]["accuracy"]["value"] == pytest.approx(teacher, abs=1e-6)
    found = students_of(comparison)["base"]["minus_teacher"]["accuracy"]["difference"]
    assert found == pytest.approx(np.mean(hits) - teacher, abs=1e-6)


@pytest.mark.parametrize("teachers", [{}, {"news": [None] * len(TRUTH)}])
def test_a_teacher_that_answered_nothing_is_not_compared(teachers):
    found = compare(FULL, teachers=teachers)
    assert found["tasks"][0]["teacher"] is None
    assert students_of(found)["base"]["minus_teacher"] is None


def test_a_teacher_of_other_rows_is_a_fault():
    with pytest.raises(DataError, match="the teacher has 2 answers for 400 gold rows of 'news'"):
        compare(FULL, teachers={"news": ["label 0"] * 2})


def test_students_with_equal_answers_differ_by_exactly_nothing():
    twin = [invent_run("twin", truth=TRUTH, predicted=run.predicted, seed=run.seed, method="lora") for run in FULL]
    found = students_of(compare([*FULL, *twin]))["twin"]
    for metric in ("macro_f1", "accuracy"):
        assert found["minus_reference"][metric] == {"difference": 0, "low": 0, "high": 0, "p": 1}


def test_the_order_of_rows_and_of_seeds_changes_no_digit(comparison):
    order = np.random.default_rng(0).permutation(len(TRUTH))
    shuffled = [
        invent_run(**{
            **vars(run),
            "truth": [TRUTH[row] for row in order],
            "predicted": [run.predicted[row] for row in order],
        })
        for run in (*FULL[::-1], *SHARED, *LORA[::-1])
    ]  # fmt: skip
    assert compare(shuffled, teachers={"news": [TEACHER[row] for row in order]}) == comparison


def test_one_seed_has_no_spread():
    assert students_of(compare(FULL[:1]))["base"]["gold"]["accuracy"]["sd"] is None


def test_the_reference_is_of_the_same_base_model_where_there_is_one():
    large = [
        *invent_student("large", 0.9, TRUTH, salt=4, base_model="large"),
        *invent_student("large-lora", 0.9, TRUTH, salt=5, base_model="large", method="lora"),
    ]
    linear = invent_student("words", 0.6, TRUTH, salt=6, base_model="", method="linear", lr=None)
    found = students_of(compare([*FULL, *LORA, *large, *linear]))
    references = {name: student["reference"] for name, student in found.items()}
    assert references == {
        "base": None,
        "small": "base",
        "large": None,
        "large-lora": "large",
        "words": "base",
    }


def test_a_student_may_be_the_reference_by_name():
    assert students_of(compare([*FULL, *LORA], reference="small"))["base"]["reference"] == "small"


def test_without_a_reference_no_difference_is_made_up():
    assert students_of(compare(LORA))["small"]["minus_reference"] is None


def test_costs_are_the_mean_of_the_runs_that_are_judged_and_the_sum_of_all_that_were_tried():
    runs = [
        invent_run(truth=TRUTH, predicted=TRUTH, lr=1e-5, cpu_seconds=30.0, peak_bytes=7),
        invent_run(truth=TRUTH, predicted=TRUTH, lr=1e-5, cpu_seconds=20.0, peak_bytes=9, seed=1),
        invent_run(truth=[], predicted=[], lr=2e-5, cpu_seconds=40.0, peak_bytes=99, validation=0.1),
    ]
    found = students_of(compare(runs))["base"]
    assert (found["cpu_seconds"], found["search_cpu_seconds"], found["peak_bytes"]) == (25, 90, 9)


def test_costs_that_were_not_measured_are_null():
    found = students_of(compare([invent_run(truth=TRUTH, predicted=TRUTH, cpu_seconds=None, peak_bytes=None)]))["base"]
    assert (found["cpu_seconds"], found["search_cpu_seconds"], found["peak_bytes"]) == (None, None, None)


def test_a_comparison_is_what_json_gives_back(comparison):
    assert json.loads(json.dumps(comparison)) == comparison
