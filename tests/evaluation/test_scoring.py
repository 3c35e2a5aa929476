import json

import numpy as np
import pytest

from factory.data.examples import Example, read_examples, write_examples
from factory.evaluation.prediction import Predictions
from factory.evaluation.scoring import DOLLARS_PER_CORE_HOUR, evaluate_student, score_student, score_teacher
from factory.store import Artifact
from factory.students.compression import export_onnx
from tests.students.toy import STUDENT, TASK, train_toy, write_toy

LABELS = ["yes", "no"]
GOLD = [Example(f"gold {number}", LABELS[number % 2], source="gold") for number in range(6)]
HELD_OUT = [Example(f"held out {number}", LABELS[number % 2]) for number in range(4)]


def said(*labels, texts_per_second=100.0):
    return Predictions(list(labels), [0.9] * len(labels), texts_per_second, cores=4)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A student of one epoch, its ONNX file, the splits, gold and the teacher's answers to it."""
    folder = tmp_path_factory.mktemp("built")
    splits, _ = write_toy(folder)
    trained = train_toy(folder, folder / "trained", STUDENT.model_copy(update={"epochs": 1}))
    (folder / "onnx").mkdir()
    export_onnx(trained, out=folder / "onnx")
    gold = [Example(f"the film was {word}", label, source="gold") for word, label in (("great", "yes"), ("bad", "no"))]
    answers = [Example(gold[0].text, "yes"), Example(gold[1].text, None, reason="no answer")]
    for name, rows in {"gold.jsonl": gold, "examples.jsonl": answers}.items():
        (folder / name.split(".")[0]).mkdir()
        write_examples(folder / name.split(".")[0] / name, rows)
    names = ("onnx", "gold", "examples")
    return trained, splits, *(Artifact(folder / name, name) for name in names)


@pytest.fixture(scope="module")
def evaluated(built, tmp_path_factory):
    """The report and the predictions of both files."""
    trained, splits, onnx, gold, answers = built
    found = {}
    for format, weights in {"safetensors": None, "onnx": onnx}.items():
        out = tmp_path_factory.mktemp(format)
        evaluate_student(trained, weights, format, splits, gold, answers, TASK, STUDENT, out=out)
        lines = (out / "predictions.jsonl").read_text().splitlines()
        found[format] = json.loads((out / "report.json").read_text()), [json.loads(line) for line in lines]
    return found


def test_each_file_is_measured_by_itself(built, evaluated):
    trained, _, onnx, *_ = built
    files = {"safetensors": trained.path / "model" / "model.safetensors", "onnx": onnx.path / "model.onnx"}
    for format, (report, _) in evaluated.items():
        assert report["format"] == format
        assert report["bytes"] == files[format].stat().st_size
        assert report["parameters"] > 10_000
        assert report["texts_per_second"] > 0


def test_predictions_are_those_of_gold_and_then_of_held_out_rows(built, evaluated):
    _, splits, _, gold, _ = built
    rows = read_examples(gold.path / "gold.jsonl") + read_examples(splits.path / "held_out.jsonl")
    for report, predictions in evaluated.values():
        assert [row["text"] for row in predictions] == [row.text for row in rows]
        hits = [row["label"] == expected.label for row, expected in zip(predictions, rows, strict=True)]
        assert report["gold"]["accuracy"]["value"] == pytest.approx(np.mean(hits[:2]))
        assert report["agreement"]["value"] == pytest.approx(np.mean(hits[2:]), abs=1e-6)


def test_the_onnx_file_says_what_the_safetensors_say(evaluated):
    ours, theirs = ([row["label"] for row in predictions] for _, predictions in evaluated.values())
    assert ours == theirs


def test_the_teacher_is_scored_on_the_gold_rows_it_answered(built, tmp_path):
    *_, gold, answers = built
    score_teacher(gold, answers, TASK, out=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["rows"] == 1
    assert report["accuracy"]["value"] == 1


def test_a_teacher_that_answered_nothing_has_no_score(built, tmp_path):
    *_, gold, _ = built
    rows = read_examples(gold.path / "gold.jsonl")
    write_examples(tmp_path / "examples.jsonl", [Example(row.text, None, reason="no answer") for row in rows])
    score_teacher(gold, Artifact(tmp_path, ""), TASK, out=tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) is None


def test_without_gold_nothing_but_agreement_is_scored():
    report = score_student(said("yes", "no", "no", "no"), [], HELD_OUT, [], LABELS)
    assert report["gold"] is None
    assert report["against_teacher"] is None
    assert report["agreement"]["value"] == 0.75
    assert report["agreement"]["rows"] == 4
    assert "accuracy" not in json.dumps(report)


def test_student_and_teacher_are_compared_on_the_same_rows():
    answers = [Example(row.text, None if number < 2 else row.label) for number, row in enumerate(GOLD)]
    right = [row.label for row in GOLD]
    report = score_student(said("no", "yes", *right[2:], *["yes"] * 4), GOLD, HELD_OUT, answers, LABELS)
    assert report["gold"]["rows"] == 6
    assert report["against_teacher"] == {"difference": 0, "low": 0, "high": 0, "p": 1, "rows": 4}


def test_a_teacher_without_answers_is_compared_with_nothing():
    answers = [Example(row.text, None) for row in GOLD]
    assert score_student(said(*["yes"] * 10), GOLD, HELD_OUT, answers, LABELS)["against_teacher"] is None


def test_the_price_of_a_million_texts_follows_from_speed_and_cores():
    report = score_student(said(*["yes"] * 4, texts_per_second=250.0), [], HELD_OUT, [], LABELS)
    seconds = 1_000_000 / 250
    assert report["dollars_per_core_hour"] == DOLLARS_PER_CORE_HOUR
    assert report["dollars_per_million"] == pytest.approx(seconds / 3600 * 4 * DOLLARS_PER_CORE_HOUR, rel=0.05)
