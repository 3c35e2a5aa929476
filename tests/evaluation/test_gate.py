import pytest

from factory.errors import GateError
from factory.evaluation.gate import check_gate
from factory.recipe import Require


def score(value):
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def report(*students):
    return {"students": list(students)}


def student(format, accuracy=0.8, macro_f1=0.75, agreement=0.9):
    gold = {"accuracy": score(accuracy), "macro_f1": score(macro_f1)} if accuracy else None
    return {"name": "base", "format": format, "gold": gold, "agreement": score(agreement)}


def test_a_release_that_reaches_everything_passes():
    check_gate(report(student("safetensors")), Require(accuracy=0.8, macro_f1=0.75, agreement=0.9))


def test_nothing_required_is_always_reached():
    check_gate(report(student("safetensors", accuracy=None)), Require())
    check_gate(report(), Require())


def test_a_compressed_file_is_held_to_the_same_numbers():
    with pytest.raises(GateError) as error:
        check_gate(report(student("safetensors"), student("onnx-int8", macro_f1=0.7)), Require(macro_f1=0.75))
    assert str(error.value) == (
        "nothing was published: base (onnx-int8) has macro_f1 0.700 [0.650, 0.750], 0.75 is required; "
        "improve the data or the student, or lower publish.require"
    )


def test_every_number_that_falls_short_is_named():
    with pytest.raises(GateError, match=r"accuracy 0\.800 .*agreement 0\.900"):
        check_gate(report(student("safetensors")), Require(accuracy=0.9, macro_f1=0.7, agreement=0.95))


def test_gold_that_is_required_and_missing_is_no_pass():
    with pytest.raises(GateError, match="has no accuracy, since the recipe has no gold"):
        check_gate(report(student("safetensors", accuracy=None)), Require(accuracy=0.5))


def test_a_requirement_on_no_student_at_all_is_not_met():
    with pytest.raises(GateError, match="there is no student"):
        check_gate(report(), Require(agreement=0.5))
