"""The teacher is tried on gold before it is paid for texts, and what it says of gold is paid for once."""

import logging

import pytest

from factory.bench import Bench
from factory.data.examples import Example, read_examples, write_examples
from factory.errors import GateError
from factory.evaluation.teacher_gate import MAX_ROWS, sample_gold
from factory.hub.target import factory_home
from factory.pipeline import gather_rows
from factory.planning import plan
from factory.recipe import Recipe
from factory.store import Artifact, Store
from tests.scripted_teacher import ScriptedTeacher, labels_by
from tests.sms import RECIPE, TEXTS, knows, write_rows

GOLD = [{"text": f"{'win' if n % 4 == 0 else 'see'} gold {n}", "label": "ham" if n % 4 else "spam"} for n in range(40)]


def errs(text):
    return "ham" if knows(text) == "spam" else "spam"


def is_blind_to_gold(text):
    return "ham" if "gold" in text else knows(text)


def gather(recipe):
    """Run the stages that ask a teacher."""
    return gather_rows(Bench(recipe, Store(factory_home() / "store"), None))


@pytest.fixture
def recipe(tmp_path):
    """Return a function that reads the recipe with a teacher, so many gold rows and overrides."""

    def read(teacher, *overrides, gold=GOLD):
        write_rows(tmp_path / "texts.jsonl", [{"text": text} for text in TEXTS])
        write_rows(tmp_path / "gold.jsonl", gold)
        (tmp_path / "recipe.yaml").write_text(f"{RECIPE}gold: {{file: gold.jsonl, labelled_by: humans}}\n{teacher}\n")
        return Recipe.read(tmp_path / "recipe.yaml", overrides)

    return read


def at(*servers):
    asked = ", ".join(f'{{model: m{n}, base_url: "{server.base_url}"}}' for n, server in enumerate(servers))
    return f"teachers: [{asked}]" if len(servers) > 1 else f"teacher: {asked}"


def record(folder, rows):
    write_rows(folder / "labels.jsonl", rows)
    return "teacher: {recorded: .}"


def test_gold_comes_first_and_is_paid_for_once(recipe):
    gold = [{"text": f"{'win' if n % 2 else 'see'} gold {n}", "label": "spam" if n % 2 else "ham"} for n in range(220)]
    with ScriptedTeacher(labels_by(knows)) as server:
        tried = recipe(at(server), "teacher_gate.macro_f1=0.9", gold=gold)
        assert plan(tried).teacher["calls"] == len(TEXTS) + len(gold)
        gather(tried)
        assert {"gold" in asked.text for asked in server.asked[:MAX_ROWS]} == {True}
        assert "gold" not in server.asked[MAX_ROWS].text
        assert len(server.asked) == len({asked.text for asked in server.asked}) == len(TEXTS) + len(gold)
        assert plan(tried).teacher["calls"] == 0


def test_a_teacher_below_the_floor_is_asked_no_more(recipe):
    with ScriptedTeacher(labels_by(errs)) as server:
        refused = recipe(at(server), "teacher_gate.accuracy=0.8")
        for _ in range(2):
            with pytest.raises(GateError) as error:
                gather(refused)
        assert str(error.value) == (
            "the teacher was asked no more: on 40 gold rows it has accuracy 0.000 [0.000, 0.000], 0.8 is asked for "
            "and always answering 'ham' has 0.750; improve `task.question` and the meanings of the labels, or take a "
            "better teacher, or lower `teacher_gate`"
        )
        assert sorted(asked.text for asked in server.asked) == sorted(row["text"] for row in GOLD)
        (step,) = (step for step in plan(refused).steps if step.name == "check_teacher")
        assert not step.cached


@pytest.mark.parametrize(("answer", "warnings"), [(is_blind_to_gold, 1), (knows, 0)])
def test_without_a_floor_a_teacher_that_may_be_worth_nothing_is_warned_of(recipe, caplog, answer, warnings):
    with ScriptedTeacher(labels_by(answer)) as server, caplog.at_level(logging.WARNING, "factory"):
        gather(recipe(at(server)))
    told = [record.getMessage() for record in caplog.records if "worth nothing" in record.getMessage()]
    assert len(told) == warnings
    assert all("on 40 gold rows and always answering 'ham' has 0.750" in line for line in told)


def test_of_several_teachers_what_most_say_is_held_to_the_floor(recipe):
    with (
        ScriptedTeacher(labels_by(errs)) as odd,
        ScriptedTeacher(labels_by(knows)) as one,
        ScriptedTeacher(labels_by(knows)) as two,
    ):
        assert gather(recipe(at(odd, one, two), "teacher_gate.accuracy=1")).gold
        with pytest.raises(GateError, match=r"none of 20 gold rows \(the teachers disagree\)"):
            gather(recipe(at(odd, two), "teacher_gate.accuracy=1", gold=GOLD[:20]))


def test_recorded_answers_are_held_to_the_floor_too(recipe, tmp_path):
    teacher = record(tmp_path, [{"text": row["text"], "label": "ham"} for row in GOLD])
    with pytest.raises(GateError, match=r"macro_f1 0\.429 .*; accuracy 0\.750 \[0\.\d+, 0\.\d+\], 0\.9 is asked for"):
        gather(recipe(teacher, "teacher_gate.macro_f1=0.5", "teacher_gate.accuracy=0.9"))


def test_a_teacher_that_answers_nothing_reaches_no_floor(recipe, tmp_path):
    teacher = record(tmp_path, [{"text": text, "label": knows(text)} for text in TEXTS])
    with pytest.raises(GateError, match="the teacher answered none of 40 gold rows"):
        gather(recipe(teacher, "teacher_gate.accuracy=0"))


def test_rows_are_drawn_by_id_and_keep_their_order(tmp_path):
    rows = [Example(f"text {number}", "ham", source="gold") for number in range(30)]
    drawn = draw(tmp_path / "one", rows, 10)
    assert drawn == [row for row in rows if row in drawn]
    assert len(drawn) == 10
    assert set(map(str, draw(tmp_path / "two", rows[::-1], 10))) == set(map(str, drawn))


def test_gold_that_is_tried_whole_is_the_same_file(tmp_path):
    draw(tmp_path, [Example(f"text {number}", "ham", source="gold") for number in range(5)], 5)
    assert (tmp_path / "out" / "gold.jsonl").read_bytes() == (tmp_path / "gold.jsonl").read_bytes()


def draw(folder, rows, count):
    (folder / "out").mkdir(parents=True)
    write_examples(folder / "gold.jsonl", rows)
    sample_gold(Artifact(folder, "digest"), count, out=folder / "out")
    return read_examples(folder / "out" / "gold.jsonl")


def test_a_recipe_without_a_floor_is_the_recipe_that_it_was(recipe):
    assert "teacher_gate" not in recipe("teacher: {recorded: .}").model_dump()
