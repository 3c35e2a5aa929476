"""Thinning: nested shares of the rows, and no label lost."""

from factory.data.examples import Example, read_examples, write_examples
from factory.data.thinning import thin_splits
from factory.store import Artifact

ROWS = [Example(f"text {number}", "rare" if number % 10 == 0 else "common") for number in range(40)]


def thin(tmp_path, share):
    splits, out = tmp_path / "splits", tmp_path / str(share).replace(".", "-")
    for folder in (splits, out):
        folder.mkdir(exist_ok=True)
    for part in ("train", "validation", "held_out"):
        write_examples(splits / f"{part}.jsonl", ROWS)
    thin_splits(Artifact(splits, "splits"), share, out=out)
    return {part: read_examples(out / f"{part}.jsonl") for part in ("train", "validation", "held_out")}


def test_a_share_is_taken_of_every_label_and_none_is_lost(tmp_path):
    labels = [row.label for row in thin(tmp_path, 0.125)["train"]]
    assert (labels.count("common"), labels.count("rare")) == (5, 1)


def test_a_larger_share_has_all_rows_of_a_smaller_one(tmp_path):
    few, more = thin(tmp_path, 0.25), thin(tmp_path, 0.5)
    assert {row.id for row in few["validation"]} < {row.id for row in more["validation"]}


def test_all_rows_are_all_rows_and_held_out_rows_stay(tmp_path):
    assert thin(tmp_path, 1)["train"] == ROWS
    assert thin(tmp_path, 0.125)["held_out"] == ROWS
