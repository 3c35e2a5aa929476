import json
import re

import pytest

from factory.evaluation.scoreboard import COSTS, percent, render


def interval(value):
    return {"value": value, "low": round(value - 0.06, 2), "high": round(value + 0.06, 2)}


def scores(value, rows=200):
    return {"rows": rows, "accuracy": interval(value), "macro_f1": interval(value - 0.02)}


def make_report(has_gold=True, name="base"):
    def on(value, rows=200):
        return scores(value, rows) if has_gold else None

    cost = {"texts_per_second": 1400.0, "cores": 2, "dollars_per_core_hour": 0.05, "dollars_per_million": 0.02}
    against = {"difference": -0.03, "low": -0.08, "high": 0.02, "p": 0.2, "rows": 198}
    students = [
        {
            **{"name": name, "format": format, "bytes": 90_865_152, "gold": on(value), **cost},
            **{"agreement": {**interval(0.84), "rows": 72}, "against_teacher": against if has_gold else None},
        }
        for format, value in (("safetensors", 0.76), ("onnx-int8", 0.75))
    ]
    baselines = [
        {"name": name, "gold": on(0.5), "agreement": {**interval(0.5), "rows": 72}} for name in ("majority", "tfidf")
    ]
    return {
        "kind": "single-label",
        "recipe": "climate",
        "title": "Climate",
        "release": "0123456789ab",
        "gold": {"rows": 200, "labelled_by": "humans"} if has_gold else None,
        "teacher": {"model": "big-model", "gold": on(0.79, rows=198)},
        "students": students,
        "baselines": baselines,
    }


def test_a_score_is_per_cent_with_its_interval():
    assert percent({"value": 0.76, "low": 0.7, "high": 0.82}) == "76.0 [70.0, 82.0]"


def test_the_terminal_shows_every_file_beside_teacher_and_baselines():
    lines = render(make_report()).splitlines()
    assert lines[0] == "Climate (climate, release 0123456789ab)"
    assert re.split(" {2,}", lines[2]) == [
        *("model", "file", "accuracy", "macro-F1", "minus teacher", "agreement"),
        *COSTS,
    ]
    assert [line.split("  ")[0] for line in lines[3:8]] == [
        *("teacher", "base", "base"),
        *("baseline: majority", "baseline: tfidf"),
    ]
    assert "76.0 [70.0, 82.0]" in lines[4]
    assert "-3.0 [-8.0, +2.0]" in lines[4]
    assert "90.9 MB" in lines[4]
    assert len({len(line) for line in lines[2:3] + lines[4:6]}) == 1
    assert "teacher: big-model; it answered 198 of them, and is scored on those." in lines
    assert "accuracy, macro-F1: on 200 gold texts, labelled by humans." in lines


@pytest.mark.parametrize("format", ["human", "markdown", "json"])
def test_without_gold_nobody_reads_of_accuracy(format):
    text = render(make_report(has_gold=False), format)
    assert "accuracy" not in text.lower()
    assert "f1" not in text.lower()
    assert "agreement" in text


def test_without_gold_the_column_says_with_whom_it_agrees():
    assert "| agreement with the teacher |" in render(make_report(has_gold=False), "markdown")


def test_json_is_the_report():
    assert json.loads(render(make_report(), "json")) == make_report()


def test_a_name_cannot_break_the_table_or_colour_the_terminal():
    report = make_report(name="a|b\x1b[31m")
    report["teacher"]["model"] = "evil\x1b[2J\nname"
    assert "a&#124;b" in render(report, "markdown")
    assert "\x1b" not in render(report, "human")


def test_a_teacher_that_answered_nothing_has_no_row():
    report = make_report()
    report["teacher"]["gold"] = None
    text = render(report)
    assert "teacher: big-model answered none of the gold texts" in text
    assert not any(line.startswith("teacher ") for line in text.splitlines())


def test_a_dataset_alone_has_only_baselines():
    text = render({**make_report(), "students": []})
    assert "texts/s:" not in text
    assert "baseline: tfidf" in text


def test_of_label_sets_the_match_is_called_exact():
    report = {**make_report(), "kind": "multi-label"}
    for entry in [report["teacher"], *report["students"], *report["baselines"]]:
        entry["gold"]["micro_f1"] = interval(0.71)
    lines = render(report).splitlines()
    assert re.split(" {2,}", lines[2])[2:5] == ["exact match", "macro-F1", "micro-F1"]
    assert "71.0 [65.0, 77.0]" in lines[4]
    assert not any(line.startswith("accuracy") for line in lines)
    assert any(line.startswith("exact match: share of texts that get all of their labels") for line in lines)


def test_a_control_from_random_weights_is_explained():
    report = make_report()
    assert "random weights" not in render(report)
    report["baselines"].append({**report["baselines"][0], "name": "base from random weights"})
    text = render(report)
    assert "baseline: base from random weights" in text
    assert "with nothing copied into it" in text


def test_a_file_that_was_left_out_is_named_with_the_reason():
    report = make_report() | {"withheld": [{"name": "base", "format": "onnx", "reason": "it is worse"}]}
    assert "left out: base as onnx, since it is worse." in render(report)
    assert "left out" not in render(make_report())
