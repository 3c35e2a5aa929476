"""Gold is taken as it is or refused with file and line; nothing in it is mended in silence."""

import json

import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, List, Value
from pyarrow import parquet

from factory.data.examples import Example, read_examples
from factory.data.gold import iter_contents, iter_gold, read_gold, read_texts
from factory.errors import DataError
from factory.recipe import Gold, Texts
from factory.store import Artifact

LABELS = ["agree", "neutral", "disagree"]


def gold(**settings):
    return Gold(file="gold.jsonl", labelled_by="humans", **settings)


def write_rows(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path, **settings):
    return list(iter_gold(path, gold(**settings), "single-label", LABELS))


def test_gold_rows_keep_their_texts_labels_and_order(tmp_path, out):
    path = write_rows(tmp_path / "g.jsonl", {"s": " It warms. ", "y": "agree", "by": 3}, {"s": "No.", "y": "disagree"})
    read_gold(Artifact(path, "digest"), gold(text="s", label="y"), "single-label", LABELS, out=out)
    assert read_examples(out / "gold.jsonl") == [
        Example(" It warms. ", "agree", source="gold"),
        Example("No.", "disagree", source="gold"),
    ]


def test_a_folder_stands_for_the_rows_in_it(tmp_path):
    write_rows(tmp_path / "rows.jsonl", {"text": "It warms.", "label": "agree"})
    assert [row.text for row in read(tmp_path)] == ["It warms."]


def test_a_text_that_comes_twice_with_one_label_counts_once(tmp_path):
    row = {"text": "It warms.", "label": "agree"}
    assert len(read(write_rows(tmp_path / "g.jsonl", row, row, {"text": " It  warms.", "label": "agree"}))) == 1


def test_a_text_with_two_labels_is_refused_with_both_lines(tmp_path):
    rows = {"text": "It warms.", "label": "agree"}, {"text": "It warms. ", "label": "neutral"}
    path = write_rows(tmp_path / "g.jsonl", *rows)
    with pytest.raises(
        DataError, match=r"g\.jsonl:2: labelled 'neutral', but .*g\.jsonl:1 labels the same text 'agree'"
    ):
        read(path)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "a", "label": "agre"}, "'agre' is not a label of the task; did you mean 'agree'?"),
        ({"text": "a", "label": "NEUTRAL"}, "'NEUTRAL' is not a label of the task; did you mean 'neutral'?"),
        ({"text": "a", "label": "x"}, "'x' is not a label of the task; the labels are agree, neutral, disagree; "),
        ({"text": "a", "label": 1}, "1 is not a label of the task; the labels are"),
        ({"text": "a", "label": True}, "True is not a label of the task; the labels are"),
        ({"text": "a", "label": ["agree"]}, "['agree'] is not a label of the task; did you mean 'agree'?"),
        ({"text": "a", "label": None}, "has no label; give it one, or remove the row"),
        (
            {"text": "a", "labels": "agree"},
            "no column 'label'; the columns are 'text', 'labels': did you mean 'labels'?",
        ),
        (
            {"text": " \n", "label": "agree"},
            "the text is blank, so that nothing can be measured on it; remove the row",
        ),
    ],
)
def test_a_row_that_cannot_be_measured_on_is_named(tmp_path, row, expected):
    path = write_rows(tmp_path / "g.jsonl", {"text": "It warms.", "label": "agree"}, row)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:2: {expected}")


def test_numbers_are_labels_where_the_task_calls_them_so(tmp_path):
    path = write_rows(tmp_path / "g.jsonl", {"text": "a", "label": 1})
    assert [row.label for row in iter_gold(path, gold(), "single-label", ["0", "1"])] == ["1"]


def test_class_labels_of_a_parquet_file_are_taken_by_name(tmp_path):
    schema = Features({"text": Value("string"), "label": ClassLabel(names=LABELS)}).arrow_schema
    parquet.write_table(pa.table({"text": ["a", "b"], "label": [2, 0]}, schema=schema), tmp_path / "g.parquet")
    assert [row.label for row in read(tmp_path / "g.parquet")] == ["disagree", "agree"]


def test_texts_come_without_labels_and_none_is_left_out(tmp_path, out):
    (tmp_path / "t.csv").write_text('body,label\nIt warms.,agree\n" ",x\nIt warms.,agree\n')
    read_texts(Artifact(tmp_path / "t.csv", "digest"), Texts(file="t.csv", text="body"), "single-label", out=out)
    assert read_examples(out / "texts.jsonl") == [Example("It warms."), Example(" "), Example("It warms.")]


def test_a_missing_text_column_is_named(tmp_path, out):
    (tmp_path / "t.csv").write_text("body\nIt warms.\n")
    with pytest.raises(DataError, match=r"t\.csv:2: no column 'text'; the columns are 'body'"):
        read_texts(Artifact(tmp_path / "t.csv", "digest"), Texts(file="t.csv"), "single-label", out=out)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["neutral", "agree"], ("agree", "neutral")),
        (["agree", "agree"], ("agree",)),
        ([], ()),
        ("agree", ("agree",)),
        ('["neutral"]', ("neutral",)),
    ],
)
def test_several_labels_come_in_the_order_of_the_task_and_each_once(tmp_path, value, expected):
    path = write_rows(tmp_path / "g.jsonl", {"text": "a", "label": value})
    (row,) = iter_gold(path, gold(), "multi-label", LABELS)
    assert (row.labels, row.label, row.source) == (expected, None, "gold")


def test_several_labels_in_csv_are_a_json_list(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text('text,label\na,"[""agree"", ""neutral""]"\nb,[]\nc,disagree\n')
    found = [row.labels for row in iter_gold(path, gold(), "multi-label", LABELS)]
    assert found == [("agree", "neutral"), (), ("disagree",)]


def test_lists_of_class_labels_in_a_parquet_file_are_taken_by_name(tmp_path):
    schema = Features({"text": Value("string"), "labels": List(ClassLabel(names=LABELS))}).arrow_schema
    table = pa.table({"text": ["a", "b"], "labels": [[2, 0], []]}, schema=schema)
    parquet.write_table(table, tmp_path / "g.parquet")
    rows = iter_gold(tmp_path / "g.parquet", gold(label="labels"), "multi-label", LABELS)
    assert [row.labels for row in rows] == [("agree", "disagree"), ()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "has no label; give it one, or [] for none"),
        ("", "has no label; give it one, or [] for none"),
        (["agree", "agre"], "'agre' is not a label of the task; did you mean 'agree'?"),
        (["agree", None], "None is not a label of the task; the labels are agree, neutral, disagree; "),
        ([["agree"]], "['agree'] is not a label of the task; did you mean 'agree'?"),
        ("agree, neutral", "'agree, neutral' is not a label of the task; "),
        ("[agree]", "'[agree]' is not a label of the task; did you mean 'agree'?"),
        ("[" * 9000, "'[[["),
    ],
)
def test_a_list_that_cannot_be_measured_on_is_named(tmp_path, value, expected):
    path = write_rows(tmp_path / "g.jsonl", {"text": "a", "label": []}, {"text": "b", "label": value})
    with pytest.raises(DataError) as error:
        list(iter_gold(path, gold(), "multi-label", LABELS))
    assert str(error.value).startswith(f"{path}:2: {expected}")


def test_a_text_with_two_sets_of_labels_is_refused_and_one_in_another_order_is_not(tmp_path):
    path = write_rows(
        tmp_path / "g.jsonl",
        {"text": "a", "label": ["agree", "neutral"]},
        {"text": "a", "label": ["neutral", "agree"]},
        {"text": "a", "label": []},
    )
    with pytest.raises(DataError, match=r":3: labelled \[\], but .*:1 labels the same text \['agree', 'neutral'\]"):
        list(iter_gold(path, gold(), "multi-label", LABELS))


def test_pairs_are_told_apart_by_both_texts(tmp_path, out):
    rows = [{"a": "Hi.", "b": b, "label": label} for b, label in (("Yo.", "agree"), ("No.", "neutral"))]
    path = write_rows(tmp_path / "g.jsonl", *rows, rows[0])
    read_gold(Artifact(path, "digest"), gold(text="a", text_pair="b"), "pair", LABELS, out=out)
    assert read_examples(out / "gold.jsonl") == [
        Example("Hi.", "agree", source="gold", text_pair="Yo."),
        Example("Hi.", "neutral", source="gold", text_pair="No."),
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "a", "label": "agree"}, "no column 'text_pair'; the columns are"),
        (
            {"text": "a", "text_pair": None, "label": "agree"},
            "has no second text in 'text_pair'; give it one, or remov",
        ),
        (
            {"text": "a", "text_pair": " ", "label": "agree"},
            "has no second text in 'text_pair'; give it one, or remove",
        ),
        ({"text": " ", "text_pair": "b", "label": "agree"}, "the text is blank"),
    ],
)
def test_a_pair_that_lacks_a_text_is_named(tmp_path, row, expected):
    path = write_rows(tmp_path / "g.jsonl", {"text": "a", "text_pair": "b", "label": "agree"}, row)
    with pytest.raises(DataError) as error:
        list(iter_gold(path, gold(), "pair", LABELS))
    assert str(error.value).startswith(f"{path}:2: {expected}")


def test_unlabelled_pairs_are_read_with_both_texts_or_refused_with_the_line(tmp_path, out):
    (tmp_path / "t.csv").write_text("text,claim\nHi.,Yo.\n,No.\n")
    texts = Texts(file="t.csv", text_pair="claim")
    read_texts(Artifact(tmp_path / "t.csv", "digest"), texts, "pair", out=out)
    assert read_examples(out / "texts.jsonl") == [Example("Hi.", text_pair="Yo."), Example("", text_pair="No.")]
    (tmp_path / "t.csv").write_text("text,claim\nHi.,Yo.\nOh.,\n")
    with pytest.raises(DataError, match=r"t\.csv:3: has no second text in 'claim'"):
        read_texts(Artifact(tmp_path / "t.csv", "digest"), texts, "pair", out=out)


def test_what_is_asked_about_is_known_without_the_labels(tmp_path):
    path = write_rows(tmp_path / "g.jsonl", {"text": "a", "text_pair": "b"}, {"text": "c", "text_pair": "d"})
    assert list(iter_contents(path, gold(), "pair")) == [("a", "b"), ("c", "d")]
    assert list(iter_contents(path, gold(), "single-label")) == ["a", "c"]
