"""The audit of labels: on rows with mistakes that are known, of every kind of task, and on too few rows."""

import json
import random
from dataclasses import replace

import pytest

from factory.data.audit import DROPPED, audit_labels, describe_asked, drop_suspicious, read_suspicious
from factory.data.examples import Example, read_examples, write_examples
from factory.recipe import Audit
from factory.recipe_students import Head
from factory.store import Artifact
from tests.students.lessons import SAME, TOPICS
from tests.students.toy import TASK, long_reviews
from tests.tiny import tiny_base

WRONG = 12


def mislabel(rows, count=WRONG):
    """The rows with as many labels exchanged, and the ids of those."""
    chosen = {row.id for row in random.Random(0).sample(rows, count)}
    other = {"yes": "no", "no": "yes"}
    return [replace(row, label=other[row.label]) if row.id in chosen else row for row in rows], chosen


def as_kept(folder, rows, rejected=()):
    folder.mkdir()
    write_examples(folder / "kept.jsonl", rows)
    write_examples(folder / "rejected.jsonl", rejected)
    return Artifact(folder, "kept")


def audit(folder, rows, task=TASK, reader=None, base=None, rejected=()):
    kept, out = as_kept(folder / "kept", rows, rejected), folder / "out"
    out.mkdir()
    audit_labels(kept, base, reader, task, Audit(), out=out)
    return json.loads((out / "audit.json").read_text()), read_suspicious(out)


def test_exchanged_labels_are_counted_and_found(tmp_path):
    rows, wrong = mislabel(long_reviews())
    found, suspicious = audit(tmp_path, rows)
    assert found["noise"]["low"] <= WRONG / len(rows) <= found["noise"]["high"]
    assert {line["id"] for line in suspicious} == wrong
    assert found["suspicious"] == WRONG
    assert found["expected_precision"] > 0.8
    assert [line["chance"] for line in suspicious] == sorted((line["chance"] for line in suspicious), reverse=True)
    line = next(line for line in suspicious if line["given"] == "yes")
    assert line["probable"] == "no"
    assert line["reason"].startswith("students trained without it say 'no' (")


def test_labels_that_hold_are_not_doubted(tmp_path):
    found, suspicious = audit(tmp_path, long_reviews())
    assert found["noise"]["value"] == 0
    assert suspicious == found["pairs"] == []


def test_the_order_of_rows_changes_nothing(tmp_path):
    rows, _ = mislabel(long_reviews())
    shuffled = random.Random(1).sample(rows, len(rows))
    for name, some in (("one", rows), ("two", shuffled)):
        (tmp_path / name).mkdir()
        audit(tmp_path / name, some)
    for file in ("audit.json", "suspicious.jsonl"):
        assert (tmp_path / "one" / "out" / file).read_bytes() == (tmp_path / "two" / "out" / file).read_bytes()


def test_students_read_with_the_base_model_where_there_is_one(tmp_path):
    rows, wrong = mislabel(long_reviews())
    reader = Head(name="audit", method="head", base_model="./bases/tiny", max_length=32)
    found, suspicious = audit(tmp_path, rows, reader=reader, base=Artifact(tiny_base(tmp_path / "base"), "base"))
    assert found["base_model"] == "tiny"
    assert found["agreement"] > 0.8
    assert len(wrong & {line["id"] for line in suspicious}) >= WRONG / 2


def test_a_teacher_that_was_not_sure_and_a_label_that_was_not_asked_for_are_reasons_too(tmp_path):
    rows, wrong = mislabel(long_reviews())
    told = [replace(row, confidence=0.4, asked_for="maybe") if row.id in wrong else row for row in rows]
    _, suspicious = audit(tmp_path, told)
    for line in suspicious:
        assert line["reason"].endswith("; the teacher was not sure (40 %); it was written for 'maybe'")


def test_each_label_of_a_multi_label_row_is_a_decision(tmp_path):
    dice, rows, wrong = random.Random(0), [], set()
    for row in long_reviews():
        applies = {"food": "pizza" in row.text or "soup" in row.text, "praise": row.label == "yes"}
        for name in applies:
            if dice.randrange(20) == 0:
                wrong.add((row.id, f"not {name}" if applies[name] else name))
                applies[name] = not applies[name]
        rows.append(Example(row.text, labels=tuple(name for name in applies if applies[name])))
    found, suspicious = audit(tmp_path, rows, TOPICS)
    assert found["noise"]["low"] <= len(wrong) / len(rows) / 2 <= found["noise"]["high"]
    assert {(line["id"], line["given"]) for line in suspicious} == wrong
    assert {pair["given"] for pair in found["pairs"]} == {"given", "left out"}


def test_pairs_of_texts_are_read_together(tmp_path):
    rows = [
        Example(row.text, "same" if row.label == "yes" else "other", text_pair="so it is") for row in long_reviews()
    ]
    found, _ = audit(tmp_path, rows, SAME)
    assert found["noise"]["value"] == 0


@pytest.mark.parametrize("rows", [long_reviews()[:20], [replace(row, label="yes") for row in long_reviews()]])
def test_of_few_rows_or_a_single_label_nothing_is_claimed(tmp_path, rows):
    found, suspicious = audit(tmp_path, rows)
    assert found["noise"] is None
    assert suspicious == []


def test_labels_asked_for_are_held_against_blind_ones_removed_rows_included(tmp_path):
    rows = [replace(row, asked_for=row.label) for row in long_reviews()[:6]]
    rejected = [replace(row, asked_for="no", reason="disagreement") for row in rows[:2]]
    found, _ = audit(tmp_path, rows, rejected=rejected)
    assert found["asked"] == {
        "rows": 8,
        "agreed": 6,
        "kappa": 0.0,
        "pairs": [{"asked": "no", "given": "yes", "rows": 2}],
    }


def test_agreement_beyond_chance_is_that_of_cohen():
    from sklearn.metrics import cohen_kappa_score

    dice = random.Random(0)
    rows = [Example(str(n), dice.choice("ab"), asked_for=dice.choice("abb")) for n in range(50)]
    expected = cohen_kappa_score([row.asked_for for row in rows], [row.label for row in rows])
    assert describe_asked(rows)["kappa"] == pytest.approx(expected, abs=1e-4)


def test_suspicious_rows_no_longer_train_and_held_out_rows_stay(tmp_path):
    rows, wrong = mislabel(long_reviews())
    audit(tmp_path, rows)
    parts = {"train": rows[:100], "validation": rows[100:130], "held_out": rows[130:]}
    splits, out = tmp_path / "splits", tmp_path / "dropped"
    for folder in (splits, out):
        folder.mkdir()
    for part, chosen in parts.items():
        write_examples(splits / f"{part}.jsonl", chosen)
    drop_suspicious(Artifact(splits, "splits"), Artifact(tmp_path / "out", "audit"), out=out)
    left = {part: read_examples(out / f"{part}.jsonl") for part in parts}
    assert left["held_out"] == parts["held_out"]
    assert not wrong & {row.id for part in ("train", "validation") for row in left[part]}
    dropped = read_examples(out / "dropped.jsonl")
    assert {row.reason for row in dropped} == {DROPPED}
    assert len(dropped) + sum(map(len, left.values())) == len(rows)
