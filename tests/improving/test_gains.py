"""Which labels are confused, whether a gain could be chance, and how sure a student is."""

import json

import numpy as np
import pytest

from factory.improving.gains import find_pairs, gain_per_dollar, weigh_gain
from factory.improving.proxy import decide, measure_margins
from factory.recipe import Task
from factory.store import Artifact

NAMES = {"a": "first", "b": "second", "c": "third"}
SINGLE = Task(text="t", question="q", labels=NAMES)
MULTI = Task(text="t", question="q", labels=NAMES, kind="multi-label")


@pytest.fixture
def say(tmp_path):
    """Return a function that writes what a student said of rows, as pairs of truth and said."""

    def write(*pairs, name="said"):
        (tmp_path / name).mkdir()
        rows = [{"id": str(number), "truth": truth, "said": said} for number, (truth, said) in enumerate(pairs)]
        (tmp_path / name / "judged.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return Artifact(tmp_path / name, name)

    return write


def test_pairs_are_written_for_as_often_as_they_were_confused_and_never_all_together(say):
    said = say(("a", "b"), ("a", "b"), ("a", "b"), ("b", "c"), ("c", "c"))
    assert find_pairs(said, 4) == [("a", "b"), ("b", "c"), ("a", "b"), ("a", "b")]
    assert find_pairs(said, 1) == [("a", "b")]


def test_without_a_mistake_there_is_no_pair(say):
    assert find_pairs(say(("a", "a"), (["a"], ["a"])), 3) == []


def test_of_label_sets_what_is_missing_is_paired_with_what_came_in_its_place(say):
    assert set(find_pairs(say((["a", "c"], ["b", "c"])), 2)) == {("a", "b")}


def test_a_missing_label_is_written_for_by_itself_and_one_too_many_is_told_from_the_others(say):
    assert set(find_pairs(say((["a"], []), name="missing"), 2)) == {("a", None)}
    assert set(find_pairs(say((["a"], ["a", "b"]), name="more"), 2)) == {("a", "b")}


def test_a_gain_is_measured_row_by_row(say):
    before = say(*[("a", "b")] * 30, *[("a", "a")] * 70, name="before")
    after = say(*[("a", "a")] * 100, name="after")
    found = weigh_gain(before, after)
    assert found["difference"] == pytest.approx(0.3)
    assert found["low"] > 0.2
    assert weigh_gain(before, before)["low"] == 0


def test_what_a_dollar_brought_is_not_known_where_none_was_paid():
    gain = {"difference": 0.05}
    assert gain_per_dollar(gain, 0.5) == 10
    assert gain_per_dollar(gain, 0.0) is gain_per_dollar(gain, None) is None


def test_a_margin_lies_between_the_two_most_probable_labels():
    logits = np.log([[0.5, 0.4, 0.1], [0.98, 0.01, 0.01]])
    assert measure_margins(logits, SINGLE).tolist() == pytest.approx([0.1, 0.97])
    assert decide(logits, SINGLE) == ["a", "a"]


def test_of_label_sets_the_most_doubtful_label_decides():
    logits = np.array([[9.0, -9.0, 0.0], [9.0, -9.0, 9.0]])
    margins = measure_margins(logits, MULTI).tolist()
    assert margins[0] == 0
    assert margins[1] > 0.99
    assert decide(logits, MULTI) == [["a"], ["a", "c"]]
