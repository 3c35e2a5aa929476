"""The whole path with a scripted teacher, a tiny student and the embedded Hub: once, again, and killed on the way."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripted_teacher import ScriptedTeacher, labels_by
from tests.tiny import tiny_base

GOOD = ["good", "great", "happy", "wonderful", "love", "sweet", "win", "best", "fun", "nice"]
BAD = ["bad", "awful", "terrible", "wrong", "hate", "broken", "poor", "boring", "sick", "dead"]
REST = [
    "the",
    "movie",
    "was",
    "so",
    "i",
    "have",
    "this",
    "book",
    "dinner",
    "soup",
    "song",
    "and",
    "my",
    "friend",
    "city",
    "house",
]


def sentences(count, seed):
    """Texts of one telling word among others, and the mood that it tells."""
    dice = random.Random(seed)
    for number in range(count):
        mood = "good" if number % 2 else "bad"
        words = [*dice.sample(REST, 6), dice.choice(GOOD if mood == "good" else BAD)]
        dice.shuffle(words)
        yield {"text": " ".join(words), "label": mood}


def mood_of(text):
    return "good" if set(text.split()) & set(GOOD) else "bad"


def write_recipe(folder, base_url):
    folder.mkdir()
    texts = [json.dumps({"text": row["text"]}) for row in sentences(120, seed=1)]
    (folder / "texts.jsonl").write_text("\n".join(texts) + "\n")
    gold = [json.dumps(row) for row in sentences(40, seed=2)]
    (folder / "gold.jsonl").write_text("\n".join(gold) + "\n")
    (folder / "recipe.yaml").write_text(f"""
name: mood
title: Mood of a sentence
license: apache-2.0
language: en
task:
  text: A sentence
  question: What is its mood?
  labels: {{good: pleased, bad: displeased}}
teacher: {{model: scripted, base_url: "{base_url}", price: {{input: 1, output: 1}}, concurrency: 4}}
budget: {{calls: 400, dollars: 1}}
texts: {{file: texts.jsonl}}
gold: {{file: gold.jsonl, labelled_by: humans}}
students:
  - {{name: tiny, base_model: tests/tiny, epochs: 2, lr: 0.001}}
""")
    return folder / "recipe.yaml"


@pytest.fixture
def teacher():
    with ScriptedTeacher(labels_by(mood_of)) as server:
        yield server


@pytest.fixture
def recipe(tmp_path, teacher):
    factory("hub", "import", tiny_base(tmp_path / "base"), "tests/tiny")
    return write_recipe(tmp_path / "recipe", teacher.base_url)


def start(*arguments, home=None):
    environment = {**os.environ, **({"FACTORY_HOME": str(home)} if home else {})}
    command = [sys.executable, "-c", "from factory.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def factory(*arguments):
    process = start(*arguments)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def kill_at(mark, *arguments):
    """Run until a line of stderr holds `mark`, then kill -9; tell whether it came so far."""
    process = start(*arguments)
    for line in process.stderr:
        if mark in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    return process.returncode == -signal.SIGKILL


def hash_parquet(home):
    (folder,) = Path(home).glob("store/write_release-*/out/dataset/data")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_one_command_publishes_and_the_same_command_again_does_nothing(recipe, teacher, home):
    lines = factory("publish", recipe).splitlines()
    asked = len(teacher.asked)
    assert [line.split("/", 3)[-1] for line in lines[-4:-1]] == [
        "local/mood-tiny",
        "datasets/local/mood",
        "spaces/local/mood",
    ]
    assert "/collections/local/" in lines[-1]
    assert asked == len({json.dumps(question.data) for question in teacher.asked}) == 160

    again = factory("publish", recipe).splitlines()
    assert again[0] == "nothing to do"
    assert len(teacher.asked) == asked

    report = json.loads(factory("report", recipe, "--format", "json"))
    assert report["teacher"]["calls"] == asked
    assert report["gold"]["rows"] == 40
    assert {student["format"] for student in report["students"]} == {"safetensors", "onnx", "onnx-int8"}
    assert report == json.loads(factory("report", "local/mood-tiny", "--format", "json"))

    ledger = json.loads(factory("ledger", recipe, "--format", "json"))
    assert ledger["calls"] == asked
    assert ledger["dollars"] == pytest.approx(report["teacher"]["dollars"])

    (recipe.parent / "new.csv").write_text("id,text\n7,a wonderful happy book\n")
    labelled = factory("label", "local/mood-tiny", recipe.parent / "new.csv").splitlines()
    assert labelled[0] == "id,text,label,score"
    assert labelled[1].startswith(("7,a wonderful happy book,good,", "7,a wonderful happy book,bad,"))

    trace = json.loads(factory("trace", "local/mood-tiny", "--row", "3", "--format", "json"))
    (call,) = trace["calls"]
    assert json.loads(call["request"]["messages"][-1]["content"])["text"] == trace["row"]["text"]
    assert trace["row"]["label"] in call["reply"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_anywhere_the_next_run_goes_on_and_pays_for_no_answer_twice(recipe, teacher, home, tmp_path):
    marks = [
        "read_gold: running",
        "label_texts: running",
        "filter_examples: running",
        "train_student: running",
        "export_onnx: running",
        "quantize_onnx: running",
        "evaluate_student: running",
        "write_release: running",
        "dataset local/mood",
        "model local/mood-tiny",
    ]
    killed = [kill_at(mark, "publish", recipe) for mark in marks]
    assert all(killed), list(zip(marks, killed, strict=True))
    assert "spaces/local/mood" in factory("publish", recipe)
    assert len(teacher.asked) <= 160 + 2 * 4  # two kills while it labelled, four calls in flight
    assert json.loads(factory("ledger", recipe, "--format", "json"))["calls"] == len(teacher.asked)
    interrupted = hash_parquet(home)

    quiet = tmp_path / "quiet"
    factory("hub", "import", tmp_path / "base", "tests/tiny", "--root", quiet / "hub")
    process = start("build", recipe, "--namespace", "local", home=quiet)
    process.communicate()
    assert process.returncode == 0
    assert hash_parquet(quiet) == interrupted


@pytest.mark.slow
def test_ctrl_c_is_130_and_says_how_to_go_on(recipe):
    process = start("build", recipe)
    for line in process.stderr:
        if "train_student: running" in line:
            process.send_signal(signal.SIGINT)
            break
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.endswith("interrupted; nothing that was finished is lost, run the same command to go on\n")
    assert "Traceback" not in errors


def test_a_plan_asks_nobody_and_knows_the_bill(recipe, teacher):
    plan = json.loads(factory("plan", recipe, "--format", "json"))
    assert plan["teacher"]["calls"] == 160
    assert plan["teacher"]["dollars"] > 0
    assert {stage["status"] for stage in plan["stages"]} == {"to-run"}
    assert not teacher.asked


def test_a_plan_names_the_dataset_whose_rows_it_could_not_count(recipe):
    text = recipe.read_text().replace("texts: {file: texts.jsonl}", "texts: {dataset: me/texts}")
    recipe.write_text(text)
    teacher = json.loads(factory("plan", recipe, "--format", "json"))["teacher"]
    assert (teacher["calls"], teacher["uncounted"]) == (40, ["me/texts"])
    assert "not counted, as it is not fetched yet: me/texts" in factory("plan", recipe)


def test_without_students_there_is_a_dataset_and_nothing_else(recipe):
    folder = Path(factory("build", recipe, "--set", "students=[]").splitlines()[-1])
    assert (folder / "dataset" / "README.md").is_file()
    assert [path.name for path in sorted(folder.iterdir())] == ["dataset", "report.json"]
