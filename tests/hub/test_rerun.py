"""A pulled model is asked again about the rows that ship with it."""

import json

import pytest
from click.testing import CliRunner

from factory.cli import commands
from factory.errors import HubError
from factory.hub.pull import pull
from factory.hub.push import push_release
from factory.hub.rerun import Rerun
from tests.hub.releases import LABELS, RELEASE, turn_into_bag, turn_into_multi_label, write_release

MODEL = "local/reviews-tiny"


@pytest.fixture
def released(tmp_path, target):
    """What pushes a release whose model was changed by `change`, and what it recorded by `record`."""

    def push(change=lambda folder: None, record=lambda rows: None, name="reviews"):
        repos = write_release(tmp_path, name)[:2]
        folder = tmp_path / "model-tiny"
        change(folder)
        answers = folder / "eval" / "predictions.jsonl"
        rows = [{"expected": LABELS[0], **json.loads(line)} for line in answers.read_text().splitlines()]
        record(rows)
        answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "provenance.json").write_text(json.dumps({"release": RELEASE, "recipe": {"name": name}}))
        push_release(tmp_path, repos, f"release-{RELEASE}", private=False, target=target)
        return target

    return push


def test_a_pulled_model_says_again_what_was_recorded(released, caplog, monkeypatch):
    caplog.set_level("INFO", "factory")
    target = released()
    (found,) = pull(target, MODEL).reruns
    assert (found.format, found.rows, found.same, found.agreed) == ("safetensors", 4, 4, found.recorded)
    assert "safetensors: 4 of 4 labels of test rows are those recorded; agreement with the teacher on" in caplog.text
    assert pull(target, MODEL, run=False).reruns == []

    monkeypatch.setenv("HF_ENDPOINT", target.endpoint)
    monkeypatch.setenv("HF_TOKEN", target.token)
    shown = CliRunner().invoke(commands, ["pull", MODEL, "--format", "json"], catch_exceptions=False).stdout
    assert json.loads(shown)["reruns"][0]["same"] == 4


def test_a_model_that_says_something_else_is_refused(released):
    def turn(rows):
        rows[2]["predicted"] = LABELS[rows[2]["predicted"] == LABELS[0]]

    target = released(record=turn)
    with pytest.raises(
        HubError, match=r"is not what was released \(safetensors: 3 of 4 labels of test rows are those"
    ):
        pull(target, MODEL)


@pytest.mark.parametrize(
    "change", [turn_into_bag, lambda folder: turn_into_multi_label(folder, {"good": 0, "bad": 1})]
)
def test_students_of_other_kinds_are_asked_too(released, change):
    (found,) = pull(released(change), MODEL).reruns
    assert (found.rows, found.same) == (4, 4)


def test_a_model_without_recorded_answers_says_why_it_was_not_asked(released, caplog):
    caplog.set_level("INFO", "factory")
    target = released(record=list.clear)
    assert pull(target, MODEL).reruns == []
    assert "its answers were not computed again: no recorded answers ship with it" in caplog.text
    other = "local/reviews"
    assert pull(target, other, "dataset").reruns == []


def test_int8_may_round_otherwise_on_another_processor_and_floats_hardly():
    assert Rerun("onnx-int8", 100, 95, 90, 91).is_same
    assert not Rerun("onnx-int8", 100, 94, 90, 91).is_same
    assert not Rerun("onnx", 100, 98, 90, 91).is_same
    assert Rerun("safetensors", 200, 198, 180, 180).is_same
