"""What is exported is answered elsewhere, imported, and found by the teacher: nobody is asked."""

from __future__ import annotations

import json

import pytest

from factory.errors import DataError, TeacherError
from factory.recipe import Budget, Generate, HttpTeacher, Price, Recipe, RecordedTeacher
from factory.teacher.batch_files import Imported, export_questions, import_answers
from factory.teacher.client import ChatTeacher
from factory.teacher.ledger import summarise
from tests.scripted_teacher import USAGE, Asked, labels_by

URL = "http://127.0.0.1:9/v1"
TEXTS = ["win it", "hello", "see you", "hello", " "]
SERVER = HttpTeacher(model="m", base_url=URL, price=Price(input=1, output=2))


@pytest.fixture
def recipe(task):
    """Return a function that makes a recipe; changes as keywords."""

    def recipe(**changes):
        facts = {"name": "sms", "title": "SMS", "license": "mit", "language": "en", "task": task, "teacher": SERVER}
        return Recipe(**facts | changes)

    return recipe


def read(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def answered(row, content, **more):
    message = {"role": "assistant", "content": content if isinstance(content, str) else json.dumps(content)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"model": "m", "choices": [choice], "usage": USAGE, **more}
    return {"id": "batch-1", "custom_id": row["custom_id"], "response": {"status_code": 200, "body": body}}


def failed(row):
    return {"custom_id": row["custom_id"], "response": None, "error": {"code": "expired", "message": "too late"}}


def write(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def label(row):
    return {"label": "spam" if "win" in row["body"]["messages"][1]["content"] else "ham"}


def teacher(recipe, ledger):
    return ChatTeacher(recipe.teacher, recipe=recipe.name, budget=recipe.budget, ledger=ledger)


def test_answers_of_a_batch_are_found_and_cost_half(recipe, ledger, tmp_path):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    made = export_questions(sms, TEXTS, ledger, file, None)
    rows = read(file)
    assert (made.written, made.left_out) == (3, 0)
    assert {(row["method"], row["url"]) for row in rows} == {("POST", "/v1/chat/completions")}
    assert made.expected.dollars == pytest.approx((made.expected.input_tokens + 2 * made.expected.output_tokens) / 2e6)
    results = write(tmp_path / "results.jsonl", [answered(row, label(row)) for row in rows[::-1]])
    assert import_answers(sms, TEXTS, ledger, results) == Imported(3, 0, 0)
    asked = teacher(sms, ledger)
    assert [answer.label for answer in asked.label(TEXTS[:4], sms.task)] == ["spam", "ham", "ham", "ham"]
    assert asked.usage.calls == 0
    sums = summarise(ledger, "sms")
    assert (sums["calls"], sums["dollars"]) == (3, pytest.approx(3 * (40 + 2 * 5) / 2e6))


def test_the_same_results_again_cost_nothing(recipe, ledger, tmp_path):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    export_questions(sms, TEXTS, ledger, file, None)
    first, second, third = read(file)
    broken = answered(second, "")
    results = write(tmp_path / "results.jsonl", [answered(first, {"label": "ham"}), broken, failed(third)] * 2)
    assert import_answers(sms, TEXTS, ledger, results) == Imported(1, 2, 3)
    before = summarise(ledger, "sms")
    assert import_answers(sms, TEXTS, ledger, results) == Imported(0, 0, 6)
    assert summarise(ledger, "sms") == before
    assert (before["calls"], before["output_tokens"]) == (2, 10)
    export_questions(sms, TEXTS, ledger, file, None)
    assert read(file) == [second, third]


def test_an_answer_that_cannot_be_read_is_no_label(recipe, ledger, tmp_path):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    export_questions(sms, ["hello"], ledger, file, None)
    results = write(tmp_path / "results.jsonl", [answered(row, "I cannot say") for row in read(file)])
    assert import_answers(sms, ["hello"], ledger, results).answered == 1
    (answer,) = teacher(sms, ledger).label(["hello"], sms.task)
    assert (answer.label, answer.reason) == (None, "refused")


def test_half_a_character_in_an_answer_is_kept(recipe, ledger, tmp_path):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    export_questions(sms, ["hello"], ledger, file, None)
    results = write(
        tmp_path / "results.jsonl", [answered(row, '{"label": "ham", "why": "\ud83d"}') for row in read(file)]
    )
    assert import_answers(sms, ["hello"], ledger, results) == Imported(1, 0, 0)
    assert [answer.label for answer in teacher(sms, ledger).label(["hello"], sms.task)] == ["ham"]


def test_usage_that_is_missing_is_charged_at_the_bound(recipe, ledger, tmp_path):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    export_questions(sms, ["hello"], ledger, file, None)
    (row,) = read(file)
    import_answers(sms, ["hello"], ledger, write(tmp_path / "r", [answered(row, {"label": "ham"}, usage=None)]))
    assert summarise(ledger, "sms")["output_tokens"] == 256


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no JSON", "not a JSON object"),
        ('{"custom_id": "x"}', "no result of a batch"),
        ('["x"]', "no result of a batch"),
        ('{"custom_id": "x", "response": "none"}', "its `response` is no object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"custom_id": "abc", "error": {"code": 1}}', "custom_id 'abc' is no question of 'sms' as it stands"),
    ],
)
def test_a_file_with_a_line_that_is_none_of_the_recipes_is_refused_as_a_whole(recipe, ledger, tmp_path, line, fault):
    sms, file = recipe(), tmp_path / "batch.jsonl"
    export_questions(sms, ["hello"], ledger, file, None)
    results = write(tmp_path / "results.jsonl", [answered(row, {"label": "ham"}) for row in read(file)])
    results.write_text(results.read_text() + line + "\n")
    with pytest.raises(DataError, match=f"results.jsonl:2: {fault}"):
        import_answers(sms, ["hello"], ledger, results)
    assert summarise(ledger, "sms")["calls"] == 0


def test_a_recipe_that_was_changed_since_does_not_take_the_answers(recipe, ledger, tmp_path, task):
    file = tmp_path / "batch.jsonl"
    export_questions(recipe(), ["hello"], ledger, file, None)
    results = write(tmp_path / "results.jsonl", [answered(row, {"label": "ham"}) for row in read(file)])
    other = recipe(task=task.model_copy(update={"question": "Is it not spam?"}))
    with pytest.raises(DataError, match="is no question of 'sms' as it stands"):
        import_answers(other, ["hello"], ledger, results)


def test_no_more_is_exported_than_the_budget_allows_at_its_bounds(recipe, ledger, tmp_path):
    file = tmp_path / "batch.jsonl"
    few = export_questions(recipe(budget=Budget(calls=2)), TEXTS, ledger, file, None)
    assert (few.written, few.left_out, len(read(file))) == (2, 1, 2)
    none = export_questions(recipe(budget=Budget(tokens=10)), TEXTS, ledger, tmp_path / "none.jsonl", None)
    assert (none.written, none.left_out, (tmp_path / "none.jsonl").exists()) == (0, 3, False)


def test_texts_are_written_wave_by_wave_and_then_labelled(recipe, ledger, tmp_path):
    made, file = recipe(generate=Generate(rows=20, rows_per_call=2)), tmp_path / "batch.jsonl"
    script, rounds = labels_by(lambda _: "ham"), []
    while export_questions(made, [], ledger, file, None).written:
        rows = read(file)
        rounds.append(len(rows))
        results = [answered(row, script(Asked(0, "", row["body"], {}, 0.0))) for row in rows]
        import_answers(made, [], ledger, write(tmp_path / "results.jsonl", results))
    assert rounds == [8, 2 + 16, 4]
    asked = teacher(made, ledger)
    assert len(asked.write(made.task, made.generate)) == 20
    assert asked.usage.calls == 0


def test_of_several_servers_one_is_named(recipe, ledger, tmp_path):
    servers = [SERVER, SERVER.model_copy(update={"model": "n"})]
    both, file = recipe(teacher=None, teachers=servers), tmp_path / "batch.jsonl"
    with pytest.raises(TeacherError, match="its servers are m, n; name one of them with --model"):
        export_questions(both, TEXTS, ledger, file, None)
    export_questions(both, TEXTS, ledger, file, "n")
    assert {row["body"]["model"] for row in read(file)} == {"n"}
    results = write(tmp_path / "results.jsonl", [answered(row, label(row)) for row in read(file)])
    assert import_answers(both, TEXTS, ledger, results).answered == 3
    with pytest.raises(TeacherError, match="no teacher is a server"):
        export_questions(recipe(teacher=RecordedTeacher(recorded=".")), TEXTS, ledger, file, None)
