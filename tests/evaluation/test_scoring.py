import json

import numpy as np
import pytest

from factory.data.examples import Example, read_examples, write_examples
from factory.evaluation.prediction import Predictions
from factory.evaluation.scoring import (
    DOLLARS_PER_CORE_HOUR,
    evaluate_student,
    read_predictions,
    score_student,
    score_teacher,
    write_json,
)
from factory.recipe import Task
from factory.store import Artifact
from factory.students.compression import export_onnx
from tests.hub.releases import write_model

LABELS = ["good", "bad"]
TASK = Task(text="A review", question="Does it praise?", labels={"good": "it does", "bad": "it does not"})
PAIRS = TASK.model_copy(update={"kind": "pair", "text_pair": "An answer to it"})
SETS = TASK.model_copy(update={"kind": "multi-label"})
GOLD = [Example(f"gold {number}", LABELS[number % 2], source="gold") for number in range(6)]
HELD_OUT = [Example(f"held out {number}", LABELS[number % 2]) for number in range(4)]


def said(*labels, texts_per_second=100.0):
    return Predictions(list(labels), [0.9] * len(labels), texts_per_second, cores=4)


def write_trained(folder, **config):
    """A student that was never trained, with the facts that a training leaves."""
    write_model(folder / "model", "0123456789ab")
    path = folder / "model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    student = {"method": "full", "base_model": "./acme/tiny"}
    write_json(folder / "training.json", {"student": student, "parameters": 23_456})
    return Artifact(folder, "trained")


def write_rows(folder, name, rows):
    folder.mkdir(exist_ok=True)
    write_examples(folder / f"{name}.jsonl", rows)
    return Artifact(folder, name)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A student, its ONNX file, the splits, gold and the teacher's answers to it."""
    folder = tmp_path_factory.mktemp("built")
    trained = write_trained(folder / "trained")
    (folder / "onnx").mkdir()
    export_onnx(trained, out=folder / "onnx")
    splits = write_rows(
        folder / "splits", "held_out", [Example(f"the soup was {word}", "bad") for word in ("ok", "cold")]
    )
    gold = [Example("the film was great", "good"), Example("the film was bad", "bad")]
    answers = [Example(gold[0].text, "good"), Example(gold[1].text, None, reason="no answer")]
    return (
        trained,
        splits,
        Artifact(folder / "onnx", "onnx"),
        write_rows(folder / "gold", "gold", gold),
        write_rows(folder / "answers", "examples", answers),
    )


@pytest.fixture(scope="module")
def evaluated(built, tmp_path_factory):
    """The report and the predictions of both files."""
    trained, splits, onnx, gold, answers = built
    found, reference = {}, None
    for format, weights in {"safetensors": None, "onnx": onnx}.items():
        out = tmp_path_factory.mktemp(format)
        evaluate_student(trained, weights, format, reference, splits, gold, answers, TASK, "toy", 1.0, out=out)
        reference = Artifact(out, format)
        found[format] = json.loads((out / "report.json").read_text()), read_predictions(reference)
    return found


def test_each_file_is_measured_by_itself(built, evaluated):
    trained, _, onnx, *_ = built
    files = {"safetensors": trained.path / "model" / "model.safetensors", "onnx": onnx.path / "model.onnx"}
    for format, (report, _) in evaluated.items():
        assert report["format"] == format
        assert report["bytes"] == files[format].stat().st_size
        assert (report["name"], report["method"], report["base_model"]) == ("toy", "full", "tiny")
        assert report["parameters"] == 23_456
        assert report["texts_per_second"] > 0


def test_predictions_are_those_of_gold_and_then_of_held_out_rows(built, evaluated):
    _, splits, _, gold, _ = built
    rows = read_examples(gold.path / "gold.jsonl") + read_examples(splits.path / "held_out.jsonl")
    for report, predictions in evaluated.values():
        assert [row["id"] for row in predictions] == [row.id for row in rows]
        hits = [row["answer"] == expected.label for row, expected in zip(predictions, rows, strict=True)]
        assert report["gold"]["accuracy"]["value"] == pytest.approx(np.mean(hits[:2]))
        assert report["agreement"]["value"] == pytest.approx(np.mean(hits[2:]), abs=1e-6)


def test_the_onnx_file_says_what_the_safetensors_say(evaluated):
    ours, theirs = ([row["answer"] for row in predictions] for _, predictions in evaluated.values())
    assert ours == theirs
    assert evaluated["onnx"][0]["agreement_with_fp32"] == {"value": 1, "low": 1, "high": 1, "rows": 4}
    assert evaluated["onnx"][0]["gold_drop"] == 0
    assert "withheld" not in evaluated["onnx"][0]
    assert "agreement_with_fp32" not in evaluated["safetensors"][0]


def test_the_teacher_is_scored_on_the_gold_rows_it_answered(built, tmp_path):
    *_, gold, answers = built
    score_teacher(gold, answers, TASK, out=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["rows"] == 1
    assert report["accuracy"]["value"] == 1


def test_each_of_several_teachers_is_scored_on_the_gold_rows_that_it_answered(built, tmp_path):
    *_, gold, _ = built
    rows = read_examples(gold.path / "gold.jsonl")
    wrong = {"good": "bad", "bad": "good"}
    votes = [[row.label, wrong[row.label] if place else None, None] for place, row in enumerate(rows)]
    write_examples(tmp_path / "examples.jsonl", rows)
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps({"answers": said}) + "\n" for said in votes))
    score_teacher(gold, Artifact(tmp_path, ""), TASK, out=tmp_path)
    right, other, silent = json.loads((tmp_path / "teachers.json").read_text())
    assert (right["rows"], right["accuracy"]["value"]) == (len(rows), 1)
    assert (other["rows"], other["accuracy"]["value"]) == (len(rows) - 1, 0)
    assert silent is None


def test_a_teacher_that_answered_nothing_has_no_score(built, tmp_path):
    *_, gold, _ = built
    rows = read_examples(gold.path / "gold.jsonl")
    write_examples(tmp_path / "examples.jsonl", [Example(row.text, None, reason="no answer") for row in rows])
    score_teacher(gold, Artifact(tmp_path, ""), TASK, out=tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) is None


def test_without_gold_nothing_but_agreement_is_scored():
    report = score_student(said("good", "bad", "bad", "bad"), [], HELD_OUT, [], TASK)
    assert report["gold"] is None
    assert report["against_teacher"] is None
    assert report["agreement"]["value"] == 0.75
    assert report["agreement"]["rows"] == 4
    assert "accuracy" not in json.dumps(report)


def test_student_and_teacher_are_compared_on_the_same_rows():
    answers = [Example(row.text, None if number < 2 else row.label) for number, row in enumerate(GOLD)]
    right = [row.label for row in GOLD]
    report = score_student(said("bad", "good", *right[2:], *["good"] * 4), GOLD, HELD_OUT, answers, TASK)
    assert report["gold"]["rows"] == 6
    assert report["against_teacher"] == {"difference": 0, "low": 0, "high": 0, "p": 1, "rows": 4}


def test_a_teacher_without_answers_is_compared_with_nothing():
    answers = [Example(row.text, None) for row in GOLD]
    assert score_student(said(*["good"] * 10), GOLD, HELD_OUT, answers, TASK)["against_teacher"] is None


def test_the_price_of_a_million_texts_follows_from_speed_and_cores():
    report = score_student(said(*["good"] * 4, texts_per_second=250.0), [], HELD_OUT, [], TASK)
    seconds = 1_000_000 / 250
    assert report["dollars_per_core_hour"] == DOLLARS_PER_CORE_HOUR
    assert report["dollars_per_million"] == pytest.approx(seconds / 3600 * 4 * DOLLARS_PER_CORE_HOUR, rel=0.05)


def evaluate(folder, trained, task, gold, held_out, weights=None, reference=None, bound=1.0):
    """Return the evaluation as an artifact, and its report."""
    rows = write_rows(folder / "rows", "gold", gold), write_rows(folder / "rows", "held_out", held_out)
    out = folder / ("onnx" if weights else "safetensors")
    out.mkdir()
    form = out.name
    evaluate_student(trained, weights, form, reference, rows[1], rows[0], None, task, "toy", bound, out=out)
    return Artifact(out, form), json.loads((out / "report.json").read_text())


def test_a_student_without_a_file_of_that_format_has_no_report(built, tmp_path):
    (tmp_path / "no-onnx").mkdir()
    empty = Artifact(tmp_path / "no-onnx", "")
    assert evaluate(tmp_path, built[0], TASK, GOLD, HELD_OUT, weights=empty)[1] is None


def test_a_compressed_file_that_loses_more_than_the_bound_is_withheld(built, tmp_path):
    trained, _, onnx, *_ = built
    reference, report = evaluate(tmp_path, trained, TASK, GOLD, HELD_OUT)
    right = [row["answer"] for row in read_predictions(reference)]
    gold = [Example(row.text, answer) for row, answer in zip(GOLD, right, strict=False)]
    reference, report = evaluate(make(tmp_path / "right"), trained, TASK, gold, HELD_OUT)
    assert report["gold"]["accuracy"]["value"] == 1
    turned = write_trained(tmp_path / "turned", id2label={"0": "bad", "1": "good"})
    report = evaluate(make(tmp_path / "wrong"), turned, TASK, gold, HELD_OUT, onnx, reference)[1]
    assert report["gold_drop"] == 100
    assert report["agreement_with_fp32"] == {"value": 0, "low": 0, "high": 0, "rows": 10}
    assert report["withheld"] == (
        "on 6 gold rows its accuracy is 0.0 % against 100.0 % of the safetensors, 100.00 points less; "
        "the recipe allows 1"
    )
    report = evaluate(make(tmp_path / "allowed"), turned, TASK, gold, HELD_OUT, onnx, reference, bound=100)[1]
    assert "withheld" not in report


def make(folder):
    folder.mkdir()
    return folder


def test_both_texts_of_a_pair_are_read_by_either_file(built, tmp_path):
    trained, _, onnx, *_ = built
    rows = [Example("the soup was cold", "bad", text_pair=second) for second in ("thank you", "call the police now")]
    reference, _ = evaluate(tmp_path, trained, PAIRS, rows, rows)
    ours = read_predictions(reference)
    assert ours[0]["score"] != ours[1]["score"]
    assert ours[0]["id"] != ours[1]["id"]
    evaluated, report = evaluate(tmp_path, trained, PAIRS, rows, rows, onnx, reference)
    assert [row["score"] for row in read_predictions(evaluated)] == pytest.approx(
        [row["score"] for row in ours], abs=1e-3
    )
    assert report["agreement_with_fp32"]["value"] == 1


@pytest.mark.parametrize(("thresholds", "answer"), [((0, 0), ("good", "bad")), ((1.1, 0), ("bad",)), ((1.1, 1.1), ())])
def test_label_sets_are_decided_by_the_thresholds_of_the_model(built, tmp_path, thresholds, answer):
    known = {"problem_type": "multi_label_classification", "thresholds": dict(zip(LABELS, thresholds, strict=True))}
    trained = write_trained(tmp_path / "trained", **known)
    rows = [Example("the soup was cold", labels=("bad",)), Example("and so it was", labels=())]
    for weights in (None, built[2]):
        evaluated, report = evaluate(tmp_path, trained, SETS, rows, rows, weights)
        predictions = read_predictions(evaluated)
        assert [row["answer"] for row in predictions] == [answer] * 4
        assert list(predictions[0]["score"]) == LABELS
        assert sum(predictions[0]["score"].values()) != pytest.approx(1)
        assert report["gold"]["accuracy"]["value"] == np.mean([row.labels == answer for row in rows])
        assert report["mean_score"] is None
        assert "matthews_correlation" not in report["gold"]
        assert "confusion" not in report["gold"]


def test_label_sets_are_right_as_a_whole_and_scored_label_by_label():
    gold = [Example(f"gold {number}", labels=labels) for number, labels in enumerate([("good",), ("good", "bad"), ()])]
    found = Predictions([("good",), ("good",), (), ("bad",)], [{"good": 0.9, "bad": 0.4}] * 4, 100.0, 2)
    answers = [Example(row.text, labels=()) for row in gold[:2]] + [Example(gold[2].text)]
    report = score_student(found, gold, [Example("held out", labels=("bad",))], answers, SETS)
    assert report["gold"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert report["gold"]["per_label"]["good"] == {"precision": 1, "recall": 1, "f1": 1, "support": 2}
    assert report["gold"]["per_label"]["bad"] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}
    assert report["gold"]["macro_f1"]["value"] == 0.5
    assert report["gold"]["micro_f1"]["value"] == 0.8
    assert report["agreement"]["value"] == 1
    assert report["against_teacher"]["difference"] == 0.5
    assert report["against_teacher"]["rows"] == 2
