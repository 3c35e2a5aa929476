"""Rows are shared out by content: stratified, whatever their order, and steady when rows come in."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.examples import Example, read_examples, write_examples
from factory.data.splitting import share_out, split_examples
from factory.errors import DataError
from factory.recipe import Split
from factory.store import Artifact

SPLITS = st.builds(Split, validation=st.floats(0.01, 0.49), held_out=st.floats(0.01, 0.49), seed=st.integers(0, 9))


def rows_of(label, count):
    return [Example(f"text {number} of {label}", label) for number in range(count)]


def places(parts):
    return {row.text: part for part, rows in parts.items() for row in rows}


@given(SPLITS, st.integers(1, 60), st.integers(1, 60))
def test_every_row_has_one_place_and_every_label_trains(split, first, second):
    rows = [*rows_of("a", first), *rows_of("b", second)]
    parts = share_out(rows, split)
    assert Counter(row for part in parts.values() for row in map(str, part)) == Counter(map(str, rows))
    for label, count in (("a", first), ("b", second)):
        filled = [part for part, rows in parts.items() if any(row.label == label for row in rows)]
        assert filled == ["train", "validation", "held_out"][: min(count, 3)]


def test_shares_hold_within_each_label():
    parts = share_out([*rows_of("a", 100), *rows_of("b", 20)], Split(validation=0.2, held_out=0.1))
    counts = {part: Counter(row.label for row in rows) for part, rows in parts.items()}
    assert counts == {"train": {"a": 70, "b": 14}, "validation": {"a": 20, "b": 4}, "held_out": {"a": 10, "b": 2}}


@given(st.data(), SPLITS)
def test_the_order_of_rows_does_not_matter(data, split):
    rows = [*rows_of("a", 9), *rows_of("b", 7)]
    assert share_out(data.draw(st.permutations(rows)), split) == share_out(rows, split)


@given(SPLITS, st.integers(3, 80))
def test_a_new_row_moves_at_most_two_others(split, count):
    before = places(share_out(rows_of("a", count), split))
    after = places(share_out([*rows_of("a", count), Example("a new text", "a")], split))
    assert sum(after[text] != part for text, part in before.items()) <= 2


def test_another_seed_shares_out_otherwise():
    rows = rows_of("a", 100)
    assert places(share_out(rows, Split(seed=0))) != places(share_out(rows, Split(seed=1)))


@pytest.fixture
def kept(tmp_path):
    def write(*rows, removed=()):
        write_examples(tmp_path / "kept.jsonl", rows)
        (tmp_path / "counts.json").write_text(json.dumps({"kept": len(rows), "removed": dict(removed)}))
        return Artifact(tmp_path, "digest")

    return write


def test_the_stage_writes_one_file_a_part(kept, out):
    rows = [*rows_of("a", 10), *rows_of("b", 3)]
    split_examples(kept(*rows), Split(), ["a", "b"], out=out)
    written = {path.stem: read_examples(path) for path in out.iterdir()}
    assert written == share_out(rows, Split())


def test_a_label_with_too_few_rows_is_an_error_with_what_was_removed(kept, out):
    found = kept(*rows_of("a", 10), *rows_of("b", 2), removed={"too short": 7, "disagreement": 1})
    with pytest.raises(DataError) as error:
        split_examples(found, Split(), ["a", "b", "c"], out=out)
    assert str(error.value) == (
        "each label needs 3 rows that pass the filters, but 'b' has 2, 'c' has 0 (removed were too short: 7, "
        "disagreement: 1); add texts of that kind, relax `filter`, or take the label out of the task"
    )


LABEL_SETS = st.lists(st.sets(st.sampled_from("abcd")).map(sorted).map(tuple), max_size=60)


@given(SPLITS, LABEL_SETS)
def test_a_row_with_several_labels_has_one_place(split, given_labels):
    rows = [Example(f"text {number}", labels=labels) for number, labels in enumerate(given_labels)]
    parts = share_out(rows, split)
    assert Counter(row.text for part in parts.values() for row in part) == Counter(row.text for row in rows)


@given(st.data(), LABEL_SETS)
def test_the_order_of_rows_with_several_labels_does_not_matter(data, given_labels):
    rows = [Example(f"text {number}", labels=labels) for number, labels in enumerate(given_labels)]
    assert share_out(data.draw(st.permutations(rows)), Split()) == share_out(rows, Split())


def several(*labels, count):
    return [Example(f"text {number} of {labels}", labels=labels) for number in range(count)]


def test_shares_hold_within_the_rarest_label_of_a_row_and_among_rows_without_any():
    rows = [*several("a", count=60), *several("a", "b", count=20), *several(count=10)]
    parts = share_out(rows, Split(validation=0.2, held_out=0.1))
    counts = {part: Counter(row.labels for row in rows) for part, rows in parts.items()}
    assert counts == {
        "train": {("a",): 42, ("a", "b"): 14, (): 7},
        "validation": {("a",): 12, ("a", "b"): 4, (): 2},
        "held_out": {("a",): 6, ("a", "b"): 2, (): 1},
    }


def test_each_of_several_labels_needs_its_rows(kept, out):
    found = kept(*several("a", "b", count=2), *several("a", count=9))
    with pytest.raises(
        DataError, match=r"each label needs 3 rows that pass the filters, but 'b' has 2 \(removed were no"
    ):
        split_examples(found, Split(), ["a", "b"], out=out)


def test_a_label_whose_rows_all_went_elsewhere_with_rarer_ones_is_an_error(kept, out):
    rarer = [several(label, "d", count=1) + several(label, count=2) for label in "abc"]
    found = kept(*[row for rows in rarer for row in rows])
    messages = set()
    for seed in range(20):
        try:
            split_examples(found, Split(seed=seed), ["a", "b", "c", "d"], out=out)
        except DataError as error:
            messages.add(str(error))
        else:
            parts = [read_examples(out / f"{part}.jsonl") for part in ("train", "validation", "held_out")]
            assert all(any("d" in row.labels for row in rows) for rows in parts)
    assert messages
    assert all("each label needs a row in every part, but there is none of 'd' in " in text for text in messages)
