"""Whether scores are right as often as they say, and what a prompted model teaches a classifier."""

import json

import numpy as np
import pytest

from factory.data.examples import Example, read_examples, write_examples
from factory.modules.answers import answer_as_prompted
from factory.modules.calibration import add_calibration, measure_calibration_error
from factory.modules.figures import list_calibration
from factory.modules.targets import read_targets, record_targets
from factory.store import Artifact
from tests.modules.llama import SETTINGS, bake_toy


def test_scores_that_are_right_as_often_as_they_say_have_no_error():
    scores = np.repeat([0.5, 0.8], 10)
    hits = [1] * 5 + [0] * 5 + [1] * 8 + [0] * 2
    assert measure_calibration_error(scores, hits) == pytest.approx(0)


def test_an_error_is_the_distance_in_each_bin_weighed_by_its_rows():
    assert measure_calibration_error([1.0, 1.0, 1.0, 0.52], [1, 0, 0, 1]) == pytest.approx((2 + 0.48) / 4)


def test_a_report_gains_the_calibration_of_all_three(made_of, tmp_path):
    write_examples(tmp_path / "gold.jsonl", [Example("the pizza was great", "yes"), Example("the dog was bad", "no")])
    gold, folder = Artifact(tmp_path, "gold"), tmp_path / "targets"
    folder.mkdir()
    arguments = (made_of["base"], made_of["prompt"], made_of["splits"], gold, made_of["task"], SETTINGS.wording)
    record_targets(*arguments, out=folder)
    trained = bake_toy(made_of, tmp_path / "module", lr=[1e-2], epochs=1)
    (tmp_path / "report.json").write_text(json.dumps({"name": "toy", "module": {"form": "context-distillation"}}))
    (tmp_path / "predictions.jsonl").write_text("{}\n")
    (tmp_path / "out").mkdir()
    for name in ("report.json", "predictions.jsonl"):
        (tmp_path / "out" / name).write_text('{"left by an attempt that was killed": ')
    known = {**made_of, "targets": Artifact(folder, "targets")}
    add_calibration(Artifact(tmp_path, "report"), trained, known, gold, out=tmp_path / "out")
    entry = json.loads((tmp_path / "out" / "report.json").read_text())
    assert entry["module"]["form"] == "context-distillation"
    assert [len(row) for row in list_calibration(entry)] == [3] * 4
    assert all(0 <= error <= 1 for error in entry["module"]["ece"]["module"].values())
    assert list_calibration({"module": {}}) == []
    assert (tmp_path / "out" / "predictions.jsonl").read_text() == "{}\n"


@pytest.mark.parametrize("form", ["context-distillation", "label-calibrated"])
def test_a_classifier_is_taught_what_the_module_is_taught(made_of, tmp_path, form):
    answer_as_prompted(made_of["splits"], made_of["targets"], made_of["task"].names, form, out=tmp_path)
    read = read_targets(made_of["targets"].path / "validation.safetensors").prompted
    if form == "label-calibrated":
        read = read - read_targets(made_of["targets"].path / "train.safetensors").prompted.mean(0)
    rows, before = (read_examples(folder / "validation.jsonl") for folder in (tmp_path, made_of["splits"].path))
    for row, given, wanted in zip(rows, before, read.softmax(-1), strict=True):
        assert row.label == given.label
        assert [row.probabilities[name] for name in made_of["task"].names] == pytest.approx(wanted.tolist(), abs=1e-5)
    assert (tmp_path / "held_out.jsonl").read_bytes() == (made_of["splits"].path / "held_out.jsonl").read_bytes()
