"""What a release says of its teacher's cost, and of rows that the budget did not reach; and batches by command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from factory.cli import commands
from factory.errors import BudgetError
from factory.pipeline import build
from factory.planning import plan
from factory.recipe import Recipe
from tests.scripted_teacher import USAGE, ScriptedTeacher, labels_by
from tests.sms import RECIPE, TEXTS, knows, write_rows


@pytest.fixture
def server():
    with ScriptedTeacher(labels_by(knows)) as server:
        yield server


@pytest.fixture
def path(tmp_path, server):
    folder = tmp_path / "recipe"
    folder.mkdir()
    write_rows(folder / "texts.jsonl", [{"text": text} for text in TEXTS])
    asked = f'teacher: {{model: m, base_url: "{server.base_url}", price: {{input: 1, output: 2}}}}\n'
    (folder / "recipe.yaml").write_text(RECIPE + asked)
    return folder / "recipe.yaml"


def test_a_release_says_how_far_the_forecast_was_off(path, server):
    recipe = Recipe.read(path)
    expected = plan(recipe).teacher
    release = build(recipe)
    told = release.report["teacher"]["forecast"]
    assert {name: told[name] for name in ("calls", "input_tokens", "output_tokens")} == {
        name: expected[name] for name in ("calls", "input_tokens", "output_tokens")
    }
    assert told["dollars"] == pytest.approx(expected["dollars"], abs=1e-6)
    spent = 16 * (USAGE["prompt_tokens"] + 2 * USAGE["completion_tokens"]) / 1e6
    assert told["error_percent"] == pytest.approx(100 * (expected["dollars"] / spent - 1), abs=0.1)
    assert build(recipe).id == release.id
    assert all(step.cached for step in plan(recipe).steps)
    assert len(server.asked) == 16


def test_where_nobody_was_asked_there_is_no_forecast(path):
    write_rows(path.parent / "labels.jsonl", [{"text": text, "label": knows(text)} for text in TEXTS])
    path.write_text(RECIPE + "teacher: {recorded: .}\n")
    assert "forecast" not in build(Recipe.read(path)).report["teacher"]


def test_a_budget_that_ends_leaves_a_dataset_that_says_so(path, server):
    with pytest.raises(BudgetError, match=r"budget.when_spent=continue"):
        build(Recipe.read(path, ["budget.calls=12"]))
    recipe = Recipe.read(path, ["budget.calls=12", "budget.when_spent=continue"])
    release = build(recipe)
    assert len(server.asked) == 12
    assert release.report["data"]["rows"] == 12
    assert release.report["data"]["removed"] == {"unanswered: over budget": 4}
    assert release.report["teacher"]["forecast"]["error_percent"] is None
    card = (release.path / "dataset" / "README.md").read_text()
    assert "The budget ended before 4 texts had a label; these were removed." in card
    assert build(recipe).id == release.id
    whole = build(Recipe.read(path, ["budget.calls=16", "budget.when_spent=continue"]))
    assert whole.report["data"]["rows"] == 16
    assert len(server.asked) == 16


def test_the_dataset_says_in_what_way_the_teacher_was_asked(path, server):
    recipe = Recipe.read(path, ["teacher.samples=3", "teacher.logprobs=true", "teacher.reason=true"])
    release = build(recipe)
    assert len(server.asked) == 48
    card = " ".join((release.path / "dataset" / "README.md").read_text().split())
    assert "m was asked 3 times about each text, and most of its answers decide." in card
    assert "m gave a reason before each label." in card


def test_a_batch_is_exported_and_imported_by_command(path, server, tmp_path):
    questions, results = tmp_path / "questions.jsonl", tmp_path / "results.jsonl"
    out = invoke("teacher", "export", path, questions)
    assert out.startswith("16 questions (about ")
    write_rows(results, [answer(json.loads(line)) for line in questions.read_text().splitlines()])
    assert invoke("teacher", "import", path, results).startswith("16 answers kept, 0 failed, 0 were there before\n")
    assert invoke("teacher", "export", path, tmp_path / "more.jsonl").startswith("0 questions")
    report = build(Recipe.read(path)).report
    assert (report["data"]["rows"], report["teacher"]["calls"]) == (16, 16)
    assert report["teacher"]["dollars"] == pytest.approx(16 * (40 + 2 * 5) / 2e6)
    assert server.asked == []


def answer(row):
    label = knows(row["body"]["messages"][1]["content"])
    message = {"role": "assistant", "content": json.dumps({"label": label})}
    body = {"model": "m", "usage": USAGE, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return {"custom_id": row["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}


def invoke(*arguments):
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], catch_exceptions=False).output
