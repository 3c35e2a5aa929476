import pytest

from factory.evaluation.report import assemble_report, name_base_model, name_teacher
from factory.recipe import Recipe

SPENT = {"calls": 9, "input_tokens": 100, "output_tokens": 10, "dollars": 0.5}


def recipe(teacher, gold=None):
    return Recipe.model_validate(
        {
            "name": "r",
            "title": "R",
            "license": "mit",
            "language": "en",
            "task": {"text": "A text", "question": "Which?", "labels": {"b": "B", "a": "A"}},
            "teacher": teacher,
            "gold": gold and {"file": "gold.jsonl", "labelled_by": gold},
        }
    )


def assemble(teacher, gold=None, removed=None):
    return assemble_report(
        recipe(teacher, gold),
        "0123456789ab",
        data={"removed": removed or {}},
        gold={"rows": 7, "sha256": "f00"} if gold else None,
        teacher_score=None,
        students=[],
        withheld=[],
        baselines=[],
        spent=SPENT,
    )


def test_the_named_keys_are_there():
    report = assemble({"model": "m", "price": {"input": 1, "output": 2}}, "humans")
    assert {"recipe", "release", "labels", "kind", "gold", "teacher", "students", "baselines"} <= set(report)
    assert report["labels"] == ["b", "a"]
    assert report["kind"] == "single-label"
    assert report["gold"] == {"rows": 7, "sha256": "f00", "labelled_by": "humans", "removed_from_training": 0}
    assert report["teacher"] == {
        **{"model": "m", "gold": None, "calls": 9, "dollars": 0.5},
        **{"input_tokens": 100, "output_tokens": 10},
    }


def test_rows_removed_for_gold_are_counted_together():
    removed = {"duplicate": 4, "in gold": 2, "shares 13 words in a row with gold": 1}
    assert assemble({"recorded": "t"}, "humans", removed)["gold"]["removed_from_training"] == 3


def test_without_gold_the_report_has_none():
    assert assemble({"recorded": "t"})["gold"] is None


def test_without_a_price_dollars_are_unknown_not_zero():
    assert assemble({"model": "m"})["teacher"]["dollars"] is None
    assert assemble({"recorded": "t"})["teacher"]["dollars"] == 0.5


@pytest.mark.parametrize(
    ("teacher", "name"),
    [({"model": "m"}, "m"), ({"local": "org/lm"}, "org/lm"), ({"recorded": "t", "model": "Someone"}, "Someone")],
)
def test_a_teacher_is_called_by_its_model(teacher, name):
    assert name_teacher(recipe(teacher)) == name


def test_a_folder_of_one_machine_keeps_its_name_alone():
    assert name_base_model("/data/models/mine") == "mine"
    assert name_base_model("./mine") == "mine"
    assert name_base_model("org/model") == "org/model"
