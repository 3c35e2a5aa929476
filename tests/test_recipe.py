"""A recipe is refused with every fault at once, each with its line and what to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import RecipeError
from factory.recipe import HttpTeacher, LocalTeacher, Recipe, RecordedTeacher

GOOD = """\
name: mood
title: Mood of a message
license: apache-2.0
language: en
task:
  text: A message
  question: What is its mood?
  labels:
    good: happy or thankful
    bad: sad or angry
teacher: {model: some-model}
texts: {file: texts.csv}
students:
  - {name: small, base_model: me/base}
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "texts.csv").write_text("text\nhello there friend\n")

    def write(text, name="recipe.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def faults_of(path, *overrides):
    with pytest.raises(RecipeError) as caught:
        Recipe.read(path, overrides)
    return str(caught.value).replace(f"{path}:", "").splitlines()


def test_a_good_recipe_is_read(write):
    recipe = Recipe.read(write(GOOD))
    assert recipe.task.names == ["good", "bad"]
    assert recipe.find("texts.csv").read_text().startswith("text")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("teacher: {model: m, base_url: 'http://127.0.0.1:1/v1'}", HttpTeacher),
        ("teacher: {local: me/model}", LocalTeacher),
        ("teacher: {recorded: .}", RecordedTeacher),
    ],
)
def test_the_setting_that_is_given_chooses_the_kind_of_teacher(write, line, kind):
    assert isinstance(Recipe.read(write(GOOD.replace("teacher: {model: some-model}", line))).teacher, kind)


def test_all_faults_are_named_at_once_in_the_order_of_the_file(write):
    text = GOOD.replace("title: Mood of a message\n", "titel: Mood\n").replace("name: small", "name: Small One")
    faults = faults_of(write(text))
    assert faults[0].startswith("1: title: is missing")
    assert faults[1] == "2: titel: no such setting, did you mean 'title'?"
    assert faults[2].startswith("14: students.0.name: ")
    assert len(faults) == 3


@pytest.mark.parametrize("label", ["no", "yes", "on", "1", "1.0", "null", "2024-01-01", "~"])
def test_a_label_that_yaml_takes_for_something_else_must_be_quoted(write, label):
    (fault,) = faults_of(write(GOOD.replace("good:", f"{label}:")))
    assert fault == f'9: task.labels.{label}: `{label}` is not a text in YAML; write it in quotes: "{label}"'


def test_a_quoted_label_may_be_any_text(write):
    assert Recipe.read(write(GOOD.replace("good:", '"no":'))).task.names == ["no", "bad"]


def test_a_language_that_yaml_takes_for_a_truth_value_must_be_quoted(write):
    assert faults_of(write(GOOD.replace("language: en", "language: no"))) == [
        '4: language: no is not a text in YAML; write it in quotes: "no"'
    ]


@pytest.mark.parametrize(("first", "second"), [("Good", "good"), ("caf\u00e9", "cafe\u0301"), ("STRASSE", "straße")])
def test_labels_that_read_alike_are_refused(write, first, second):
    text = GOOD.replace("    good:", f"    {first}: x\n    {second}:")
    assert "reads like the label" in faults_of(write(text))[0]


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        ('" good"', "blanks around it"),
        ('"a\\nb"', "line breaks do not belong"),
        ('"\u202egood"', "control characters"),
        (f'"{"x" * 101}"', "101 characters are too many"),
    ],
)
def test_a_label_that_nobody_can_type_is_refused(write, label, fault):
    assert fault in faults_of(write(GOOD.replace("good:", f"{label}:")))[0]


@pytest.mark.parametrize("label", ["Sci/Tech", "ärgerlich, sehr", "</label>", "🙂"])
def test_odd_but_plain_labels_are_welcome(write, label):
    assert (
        Recipe.read(write(GOOD.replace("good:", f"{json.dumps(label, ensure_ascii=False)}:"))).task.names[0] == label
    )


def test_one_label_is_no_task(write):
    (fault,) = faults_of(write(GOOD.replace("    bad: sad or angry\n", "")))
    assert fault.startswith("8: task.labels: dictionary should have at least 2 items")


def test_a_label_needs_a_meaning(write):
    assert faults_of(write(GOOD.replace("happy or thankful", ""))) == ["9: task.labels.good: is empty; write a text"]


def test_a_setting_given_twice_is_refused(write):
    assert faults_of(write(GOOD + "name: other\n")) == ["15: name: is given twice; keep one"]


def test_aliases_are_refused_before_they_are_expanded(write):
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert faults_of(write(bomb)) == ["1: anchors and aliases are refused, write it out"]


def test_an_object_of_python_is_refused_and_not_made(write):
    (fault,) = faults_of(write(GOOD + "budget: !!python/object/apply:os.system ['touch ran']\n"))
    assert fault.startswith("15: budget: the tag tag:yaml.org,2002:python/object/apply:os.system is refused")


@pytest.mark.parametrize("secret", ["hf_" + "a1B2" * 6, "sk-" + "a1B2" * 6])
def test_a_key_in_a_recipe_is_refused_and_not_repeated(write, secret):
    faults = faults_of(write(GOOD.replace("some-model", secret)))
    assert "looks like a secret key" in faults[0]
    assert secret not in "".join(faults)


def test_a_setting_for_a_key_tells_where_keys_belong(write):
    (fault,) = faults_of(write(GOOD.replace("{model: some-model}", "{model: m, api_key: x}")))
    assert "set FACTORY_TEACHER_API_KEY" in fault


def test_a_variable_is_not_filled_in(write):
    assert "is not filled in" in faults_of(write(GOOD.replace("some-model", '"${MODEL}"')))[0]


@pytest.mark.parametrize("place", ["../secret.csv", "/etc/passwd", "sub/../../x.csv", "link.csv"])
def test_a_path_out_of_the_recipes_folder_is_refused(write, tmp_path, place):
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    assert "leads out of the recipe's folder" in faults_of(write(GOOD.replace("texts.csv", place)))[0]


def test_a_missing_file_is_named_with_the_line_of_its_setting(write):
    assert faults_of(write(GOOD.replace("texts.csv", "gone.csv"))) == [
        "12: texts.file: 'gone.csv' is not there; paths are relative to the recipe"
    ]


def test_a_gold_label_outside_the_set_is_named_with_its_own_line(write):
    gold = write("text,label\nthank you so much,good\nthis is awful,badd\n", "gold.csv")
    (fault,) = faults_of(write(GOOD + "gold: {file: gold.csv, labelled_by: humans}\n"))
    assert fault.startswith("15: gold: ")
    assert f"{gold}:3" in fault
    assert "did you mean 'bad'" in fault


def test_gold_says_who_labelled_it(write):
    assert faults_of(write(GOOD + "gold: {file: texts.csv}\n"))[0].startswith("15: gold.labelled_by: is missing")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "the file is empty"),
        ("   \n", "the file is empty"),
        ("- a\n- b\n", "a recipe is a list of"),
        ("name: [a\n", "not valid YAML"),
        ("name: a\n\tb: c\n", "not valid YAML"),
        (b"name: \xff\xfe\n", "not UTF-8"),
        ("name: x\x00\n", "not valid YAML"),
        ("[" * 3000, "not valid YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_one_sentence(write, content, fault):
    faults = faults_of(write(content))
    assert fault in faults[0]
    assert len(faults) == 1


def test_an_unreadable_file_is_one_sentence(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        Recipe.read(tmp_path / "gone.yaml")


def test_dollars_need_a_price(write):
    assert "needs `teacher.price" in faults_of(write(GOOD + "budget: {dollars: 5}\n"))[0]


def test_accuracy_cannot_be_required_without_gold(write):
    assert "need `gold:`" in faults_of(write(GOOD + "publish: {require: {accuracy: 0.8}}\n"))[0]


def test_rewordings_are_looked_for_only_where_a_student_has_a_model_to_read_with(write):
    told = GOOD + "filter: {embedding_similarity: 0.95}\n"
    words = told.replace("base_model: me/base", "method: linear")
    assert "no student has a base model that could read the texts" in faults_of(write(words))[0]
    assert Recipe.read(write(told)).filter.embedding_similarity == 0.95


def test_a_teacher_cannot_be_tried_without_gold(write):
    (fault,) = faults_of(write(GOOD + "teacher_gate: {accuracy: 0.8}\n"))
    assert "the teacher can only be tried on `gold:`" in fault


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("improve: {rounds: 2, development: 0.5}", "there is no `gold` to set a share of aside"),
        ("improve: {rounds: 2, min_gain: 1}", "needs `teacher.price: {input: ..., output: ...}`"),
        ("improve: {rounds: 0}", "greater than or equal to 1"),
        ("improve: {rounds: 2, controls: true}", "did you mean 'control'?"),
        ("generate: {rows: 9, between: [[good, sad]]}", "'sad' is not a label of the task"),
        ("generate: {rows: 9, between: [[good, good]]}", "'good' cannot be taken for itself"),
    ],
)
def test_rounds_and_pairs_that_cannot_be_had_are_refused(write, more, fault):
    assert fault in faults_of(write(f"{GOOD}{more}\n"))[0]


def test_rounds_without_texts_need_a_server_that_writes_more_of_them(write, tmp_path):
    without = GOOD.replace("texts: {file: texts.csv}\n", "generate: {rows: 9}\nimprove: {rounds: 1, start: 5}\n")
    assert "says how many of `texts` come first" in faults_of(write(without))[0]
    recorded = without.replace(", start: 5", "").replace("{model: some-model}", "{recorded: .}")
    (fault,) = faults_of(write(recorded))
    assert "only a server can be asked for further texts" in fault


def test_a_recipe_without_rounds_is_written_out_as_it_was_before_there_were_any(write):
    recipe = Recipe.read(write(GOOD + "generate: {rows: 9}\n"))
    assert "improve" not in recipe.model_dump(mode="json")
    assert "between" not in recipe.generate.model_dump(mode="json")


def test_something_must_be_labelled(write):
    assert "there is nothing to label" in faults_of(write(GOOD.replace("texts: {file: texts.csv}\n", "")))[0]


def test_an_override_replaces_one_setting(write):
    recipe = Recipe.read(write(GOOD), ["students.0.epochs=3", "publish.namespace=me"])
    assert (recipe.students[0].epochs, recipe.publish.namespace) == (3, "me")


def test_a_fault_in_an_override_is_laid_to_the_override(write):
    assert faults_of(write(GOOD), "students.0.epocs=3") == [
        "--set students.0.epocs: no such setting, did you mean 'epochs'?"
    ]


@pytest.mark.parametrize("override", ["students.7.epochs=3", "students", "name.deeper=1"])
def test_an_override_without_a_place_is_refused(write, override):
    assert "there is no such place" in faults_of(write(GOOD), override)[0]


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[1].glob("recipes/*/recipe.yaml")), ids=lambda p: p.parent.name
)
def test_every_recipe_of_the_repository_is_valid(path):
    assert Recipe.read(path).name == path.parent.name


def test_the_schema_for_editors_is_current():
    schema = json.loads((Path(__file__).parents[1] / "recipes" / "schema.json").read_text())
    assert schema == Recipe.model_json_schema()


def test_reading_a_recipe_imports_nothing_heavy(write):
    program = f"""
import sys
from factory.recipe import Recipe
Recipe.read({str(write(GOOD))!r})
heavy = {{"torch", "transformers", "datasets", "pyarrow", "huggingface_hub", "sklearn", "gradio"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


PAIR = GOOD.replace("  text: A message\n", "  kind: pair\n  text: A message\n  text_pair: A reply\n")
MULTI = GOOD.replace("  text: A message\n", "  kind: multi-label\n  text: A message\n")


def test_a_task_has_one_label_a_text_unless_it_says_otherwise(write):
    assert [Recipe.read(write(text)).task.kind for text in (GOOD, PAIR, MULTI)] == [
        "single-label",
        "pair",
        "multi-label",
    ]


def test_an_unknown_kind_of_task_is_refused(write):
    (fault,) = faults_of(write(PAIR.replace("kind: pair", "kind: regression")))
    assert fault.startswith("6: task.kind: input should be 'single-label', 'multi-label' or 'pair'")


def test_a_pair_needs_to_be_told_what_its_second_text_is(write):
    assert faults_of(write(PAIR.replace("  text_pair: A reply\n", ""))) == [
        "5: task.text_pair: is missing; say what the second text of a pair is"
    ]


def test_only_pairs_have_a_second_text(write):
    text = PAIR.replace("  kind: pair\n", "").replace("{file: texts.csv}", "{file: texts.csv, text_pair: reply}")
    remedy = "only pairs have a second text; remove it, or set `task.kind: pair`"
    assert faults_of(write(text)) == [f"7: task.text_pair: {remedy}", f"13: texts.text_pair: {remedy}"]


def test_pairs_are_not_generated(write):
    assert faults_of(write(PAIR + "generate: {rows: 10}\n")) == [
        "17: generate: a teacher only labels pairs and does not write them; give `texts:` of your own"
    ]


def test_a_local_teacher_does_not_find_several_labels(write):
    (fault,) = faults_of(write(MULTI.replace("{model: some-model}", "{local: me/model}")))
    assert fault.startswith("12: teacher: a local teacher finds the one best label")
    assert fault.endswith("use a server, or recorded answers")
    assert Recipe.read(write(PAIR.replace("{model: some-model}", "{local: me/model}")))


def test_gold_of_a_pair_without_its_second_text_is_named_with_its_own_line(write):
    gold = write("text,reply,label\nhi,yo,good\nhi,,bad\n", "gold.csv")
    (fault,) = faults_of(write(PAIR + "gold: {file: gold.csv, text_pair: reply, labelled_by: humans}\n"))
    assert fault.startswith("17: gold: ")
    assert f"{gold}:3: has no second text in 'reply'" in fault


def test_gold_with_several_labels_is_read_as_lists(write):
    write('{"text": "hi", "label": ["good", "bad"]}\n{"text": "yo", "label": []}\n', "gold.jsonl")
    assert Recipe.read(write(MULTI + "gold: {file: gold.jsonl, labelled_by: humans}\n")).gold
    gold = write('{"text": "hi", "label": ["good", "bad"]}\n{"text": "yo"}\n', "gold.jsonl")
    (fault,) = faults_of(write(MULTI + "gold: {file: gold.jsonl, labelled_by: humans}\n"))
    assert f"{gold}:2: no column 'label'" in fault


def test_an_example_for_writing_has_a_label_of_the_task(write):
    examples = "generate: {rows: 10, examples: [{text: hi, label: godo}]}\n"
    assert faults_of(write(MULTI + examples)) == [
        "16: generate.examples.0.label: 'godo' is not a label of the task, did you mean 'good'?"
    ]


@pytest.mark.parametrize(
    "student", ["{name: words, method: linear}", "{name: b, method: static, base_model: me/base}"]
)
def test_a_student_that_gives_no_logits_cannot_teach(write, student):
    name = student.split(": ")[1].split(",")[0]
    distil = f"{{name: d, method: distil, base_model: me/base, teacher: {name}}}"
    assert faults_of(write(f"{GOOD}  - {student}\n  - {distil}\n")) == [
        f"16: students.2.teacher: {name!r} is no network that is trained before; name one of small"
    ]


def test_a_student_cannot_be_taught_by_one_below_it(write):
    text = GOOD.replace(
        "  - {name: small", "  - {name: d, method: distil, base_model: me/base, teacher: small}\n  - {name: small"
    )
    assert faults_of(write(text)) == [
        "14: students.0.teacher: 'small' is no network that is trained before; name a student above this one"
    ]


@pytest.mark.parametrize(
    ("settings", "kind", "fault"),
    [
        (
            "samples: 3, temperature: 0",
            "single-label",
            "teacher.temperature: at 0 all samples of an answer are the same",
        ),
        ("logprobs: true", "multi-label", "teacher.logprobs: says how probable the one label is"),
    ],
)
def test_what_a_teacher_cannot_tell_is_not_asked_for(write, settings, kind, fault):
    text = GOOD.replace("{model: some-model}", f"{{model: m, {settings}}}").replace(
        "task:\n", f"task:\n  kind: {kind}\n"
    )
    (found,) = faults_of(write(text))
    assert fault in found


TWO = "teachers:\n  - {recorded: .}\n  - {model: m}\n"


def test_several_teachers_take_the_place_of_one(write):
    recipe = Recipe.read(write(GOOD.replace("teacher: {model: some-model}\n", TWO)))
    assert [type(teacher) for teacher in recipe.all_teachers] == [RecordedTeacher, HttpTeacher]
    assert Recipe.read(write(GOOD)).all_teachers == [HttpTeacher(model="some-model")]


@pytest.mark.parametrize(
    ("teachers", "fault"),
    [
        ("", "1: teacher: is missing; name one, or several as `teachers`"),
        ("teacher: {model: m}\n" + TWO, "12: teachers: is given beside `teacher`; keep one of the two"),
        (TWO.replace("recorded: .", "model: m"), "13: teachers.1: is the same as one above it"),
        (TWO.replace("model: m", "modle: m"), "13: teachers.1: needs one of `model` (a server)"),
        (
            TWO.replace("model: m", "model: m, modle: n"),
            "13: teachers.1.modle: no such setting, did you mean",
        ),
        (TWO.replace("recorded: .", "recorded: none"), "12: teachers.0.recorded: 'none' is not there"),
        ("teachers: [{model: m}]\n", "11: teachers: list should have at least 2 items"),
        (TWO + "budget: {dollars: 1}\n", "14: budget.dollars: needs `teachers.1.price: {input: ..., output: ...}`"),
    ],
)
def test_what_is_wrong_with_several_teachers_is_told_with_its_line(write, teachers, fault):
    (found,) = faults_of(write(GOOD.replace("teacher: {model: some-model}\n", teachers)))
    assert found.startswith(fault)
