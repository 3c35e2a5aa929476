from __future__ import annotations

import json

import numpy as np
import pytest

from factory.data.embedding_duplicates import (
    BLOCK_ROWS,
    OF_ANOTHER,
    OF_GOLD,
    are_near,
    drop_rewordings,
    find_repeated,
)
from factory.data.examples import Example, read_examples, write_examples
from factory.data.filtering import filter_examples
from factory.errors import DataError
from factory.recipe import Filter
from factory.recipe_students import Head, Linear, find_reader
from factory.store import Artifact, as_json
from tests.students.toy import TASK
from tests.tiny import tiny_base

READER = Head(name="audit", method="head", base_model="acme/tiny", max_length=32)
ROWS = [
    Example("the soup was nice", "yes"),
    Example("The SOUP was nice", "yes"),
    Example("the Soup was NICE", "no"),
    Example("The pizza was AWFUL", "no"),
    Example("we need snow and cold wind", "no"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(tiny_base(tmp_path_factory.mktemp("base")), "base")


def sift(folder, rows):
    """Write what `filter_examples` would, had it found nothing but one short text."""
    folder.mkdir()
    write_examples(folder / "kept.jsonl", rows)
    write_examples(folder / "rejected.jsonl", [Example("hi", "yes", reason="too short")])
    counts = {"kept": len(rows), "removed": {"too short": 1}, "masked": {"phone": 2}}
    (folder / "counts.json").write_text(json.dumps(counts))
    return Artifact(folder, "kept")


def trust(folder, *texts):
    folder.mkdir()
    write_examples(folder / "gold.jsonl", [Example(text, "no", source="gold") for text in texts])
    return Artifact(folder, "gold")


def test_texts_that_the_model_cannot_tell_apart_are_removed_with_the_reason_and_counted(tmp_path, base, out):
    gold = trust(tmp_path / "gold", "the PIZZA was awful")
    drop_rewordings(sift(tmp_path / "in", ROWS), gold, base, READER, TASK, 1.0, out=out)
    assert [row.text for row in read_examples(out / "kept.jsonl")] == [ROWS[0].text, ROWS[2].text, ROWS[4].text]
    removed = {row.text: row.reason for row in read_examples(out / "rejected.jsonl")}
    assert removed == {"hi": "too short", ROWS[1].text: OF_ANOTHER, ROWS[3].text: OF_GOLD}
    counts = json.loads((out / "counts.json").read_text())
    assert counts == {"kept": 3, "removed": {"too short": 1, OF_ANOTHER: 1, OF_GOLD: 1}, "masked": {"phone": 2}}


def test_what_leaves_no_row_says_so(tmp_path, base, out):
    gold = trust(tmp_path / "gold", ROWS[0].text)
    with pytest.raises(DataError, match=r"no row is left to train on \(.*means the same as gold: 1"):
        drop_rewordings(sift(tmp_path / "in", ROWS[1:2]), gold, base, READER, TASK, 1.0, out=out)


def test_without_gold_only_the_rows_are_compared(tmp_path, base, out):
    drop_rewordings(sift(tmp_path / "in", ROWS), None, base, READER, TASK, 1.0, out=out)
    assert len(read_examples(out / "kept.jsonl")) == 4


def directions(*degrees):
    """Return unit vectors; between whole degrees there is room for rounding."""
    radians = np.radians(np.concatenate(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_blocks_find_what_comparing_one_by_one_finds():
    random, close = np.random.default_rng(0), float(np.cos(np.radians(2.5)))
    vectors = directions(random.integers(0, 180, BLOCK_ROWS), random.integers(0, 360, 300))
    golden = directions(np.full(BLOCK_ROWS, 5), random.integers(200, 300, 20))
    kept = []
    for place, row in enumerate(vectors):
        if not any(row @ vectors[earlier] >= close for earlier in kept):
            kept.append(place)
    assert np.flatnonzero(~find_repeated(vectors, close)).tolist() == kept
    assert sum(place >= BLOCK_ROWS for place in kept) > 20
    near = are_near(vectors, golden, close)
    assert near.tolist() == [bool((golden @ row >= close).any()) for row in vectors]
    assert near[BLOCK_ROWS:].sum() > 20


def test_nothing_is_near_nothing():
    nobody = np.zeros((0, 2), dtype=np.float32)
    assert not are_near(directions([1, 2, 3]), nobody, 0.9).any()
    assert find_repeated(nobody, 0.9).tolist() == []
    assert BLOCK_ROWS**2 * 4 < 100e6  # bytes that a block of cosines takes


def test_the_setting_left_out_changes_no_key():
    assert "embedding_similarity" not in as_json(Filter())
    assert as_json(Filter(embedding_similarity=0.9))["embedding_similarity"] == 0.9
    assert filter_examples.version == 2


def test_texts_are_read_as_the_first_student_with_a_base_model_reads_them():
    students = [Linear(name="words", method="linear"), Head(name="h", method="head", base_model="a/b", max_length=64)]
    assert find_reader(students) == Head(name="audit", method="head", base_model="a/b", max_length=64)
    assert find_reader(students[:1]) is None
