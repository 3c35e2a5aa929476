from __future__ import annotations

import json

import pytest

from factory.errors import TeacherError
from factory.recipe import Budget, HttpTeacher, LocalTeacher, RecordedTeacher
from factory.teacher.opening import open_teacher


@pytest.fixture
def open_one(tmp_path):
    def open_one(settings, base=None):
        ledger = tmp_path / "home" / "teacher.sqlite"
        return open_teacher(settings, recipe="r", budget=Budget(), ledger=ledger, folder=tmp_path, base=base)

    return open_one


def test_each_kind_of_teacher_has_its_name_and_an_identity_of_json(open_one, tmp_path):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "labels.jsonl").write_text('{"text": "hi", "label": "ham"}\n')
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    teachers = [
        open_one(HttpTeacher(model="openai/gpt-oss-120b")),
        open_one(RecordedTeacher(recorded="answers", model="paid-earlier")),
        open_one(LocalTeacher(local="./model")),
    ]
    assert [teacher.name for teacher in teachers] == ["openai/gpt-oss-120b", "paid-earlier", "./model"]
    assert all(json.dumps(teacher.identity) and teacher.usage.calls == 0 for teacher in teachers)


def test_opening_asks_nobody_and_makes_nothing(open_one, tmp_path):
    open_one(HttpTeacher(model="m", base_url="https://teacher.invalid/v1"))
    assert list(tmp_path.iterdir()) == []


def test_a_local_model_that_is_no_folder_comes_from_the_hub(open_one, tmp_path):
    asked = []

    def base(repo_id, revision):
        asked.append((repo_id, revision))
        return tmp_path

    assert open_one(LocalTeacher(local="me/model", revision="v1"), base).identity["local"]
    assert asked == [("me/model", "v1")]


def test_without_a_hub_a_local_model_must_be_a_folder(open_one):
    with pytest.raises(TeacherError, match="'me/model' is no folder beside the recipe"):
        _ = open_one(LocalTeacher(local="me/model")).identity
