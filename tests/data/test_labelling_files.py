"""A labelled file has the rows of the user's file, in their order, with two columns more."""

import datetime
import io
import json
import sys
import tracemalloc

import pandas
import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, Value, load_dataset
from pyarrow import parquet

from factory.data.labelling_files import CHUNK_ROWS, label_file
from factory.data.tables import read_rows
from factory.errors import DataError


def by_length(texts):
    assert all(text.strip() for text in texts)
    return [{"label": "long" if len(text) > 4 else "short", "score": len(text) / 10} for text in texts]


def by_words(texts):
    """A label for each word, scored by its length; pairs are read one after the other."""
    whole = [text if isinstance(text, str) else " + ".join(text) for text in texts]
    return [[{"label": word, "score": len(word) / 10} for word in text.split() if word != "none"] for text in whole]


def write_table(path, table):
    {
        ".csv": lambda: table.to_csv(path, index=False),
        ".jsonl": lambda: table.to_json(path, orient="records", lines=True),
        ".parquet": lambda: table.to_parquet(path),
    }[path.suffix]()
    return path


def rows_of(path):
    return [row for _, row in read_rows(path)]


def test_csv_comes_back_with_label_and_score(tmp_path):
    (tmp_path / "in.csv").write_text('id,text\n7,"a, b"\n3,longer\n')
    assert label_file(by_length, tmp_path / "in.csv", tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_text() == 'id,text,label,score\n7,"a, b",short,0.4\n3,longer,long,0.6\n'


def test_rows_of_jsonl_may_differ_in_their_keys(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"body": "abc", "n": [1]}\n{"m": null, "body": "abcdef"}\n')
    label_file(by_length, tmp_path / "in.jsonl", tmp_path / "out.jsonl", text_column="body")
    assert rows_of(tmp_path / "out.jsonl") == [
        {"body": "abc", "n": [1], "label": "short", "score": 0.3},
        {"m": None, "body": "abcdef", "label": "long", "score": 0.6},
    ]


def test_order_and_number_hold_across_chunks(tmp_path):
    count = 2 * CHUNK_ROWS + 1
    lines = [json.dumps({"n": number, "text": f"text {number}"}) for number in range(count)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    assert label_file(by_length, tmp_path / "in.jsonl", tmp_path / "out.parquet") == count
    assert [row["n"] for row in rows_of(tmp_path / "out.parquet")] == list(range(count))


def test_a_blank_text_gets_no_label(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": " "}\n{"text": "abc"}\n{"text": null}\n')
    label_file(by_length, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert [row["label"] for row in rows_of(tmp_path / "out.jsonl")] == [None, "short", None]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_several_labels_come_as_lists(tmp_path, suffix):
    table = pandas.DataFrame({"text": ["a bcd", "none", " "]})
    source = write_table(tmp_path / f"in{suffix}", table)
    label_file(by_words, source, tmp_path / f"out{suffix}", is_multi_label=True)
    found = [(row["label"], row["score"]) for row in rows_of(tmp_path / f"out{suffix}")]
    if suffix == ".csv":
        assert found == [('["a", "bcd"]', "[0.1, 0.3]"), ("[]", "[]"), ("", "")]
    else:
        assert found == [(["a", "bcd"], [0.1, 0.3]), ([], []), (None, None)]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_both_texts_of_a_pair_are_read_and_neither_may_be_blank(tmp_path, suffix):
    table = pandas.DataFrame({"text": ["a", "b", " "], "other": ["c", "", "d"]})
    source = write_table(tmp_path / f"in{suffix}", table)
    label_file(by_words, source, tmp_path / "out.jsonl", text_pair_column="other", is_multi_label=True)
    assert [row["label"] for row in rows_of(tmp_path / "out.jsonl")] == [["a", "+", "c"], None, None]
    with pytest.raises(DataError, match=r"no column 'othr'.*did you mean 'other'"):
        label_file(by_words, source, tmp_path / f"out{suffix}", text_pair_column="othr")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_labels_that_are_there_already_go_on_under_another_name(tmp_path, suffix, caplog):
    table = pandas.DataFrame({"label": ["spam"], "text": ["abc"]})
    source = write_table(tmp_path / f"in{suffix}", table)
    label_file(by_length, source, tmp_path / f"out{suffix}")
    (row,) = rows_of(tmp_path / f"out{suffix}")
    assert list(row) == ["input_label", "text", "label", "score"]
    assert (row["input_label"], row["label"]) == ("spam", "short")
    assert caplog.messages == [f"{source}: its column 'label' goes on as 'input_label'"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_label_that_cannot_go_on_is_refused_before_anything_is_written(tmp_path, suffix):
    source = tmp_path / f"in{suffix}"
    row = {"text": "abc", "label": "a", "input_label": "b"}
    if suffix == ".jsonl":
        source.write_text(json.dumps(row))
    else:
        parquet.write_table(pa.Table.from_pylist([row]), source)
    with pytest.raises(DataError, match="has the columns 'label' and 'input_label'; remove or rename one of them"):
        label_file(by_length, source, tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == [source]


def test_parquet_keeps_every_type_and_the_names_of_classes(tmp_path):
    features = Features({"text": Value("large_string"), "label": ClassLabel(names=["no", "yes"])})
    schema = features.arrow_schema
    for field in [
        pa.field("when", pa.timestamp("ns", "UTC")),
        pa.field("price", pa.decimal128(9, 2)),
        pa.field("votes", pa.map_(pa.string(), pa.int8())),
        pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
        pa.field("vector", pa.list_(pa.float16(), 2)),
    ]:
        schema = schema.append(field)
    when = pa.array([1, 1_700_000_000_123_456_789], pa.timestamp("ns", "UTC"))
    columns = [["abc", "abcdef"], [1, 0], when, [None, "1.50"], [[("a", 1)], []], ["x", "x"], [[1, 2], None]]
    arrays = [
        pa.array(column).cast(field.type) if field.name == "price" else pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    parquet.write_table(pa.table(arrays, schema=schema), tmp_path / "in.parquet")
    label_file(by_length, tmp_path / "in.parquet", tmp_path / "out.parquet")
    before, after = parquet.read_table(tmp_path / "in.parquet"), parquet.read_table(tmp_path / "out.parquet")
    assert after.column_names == ["text", "input_label", *before.column_names[2:], "label", "score"]
    assert after.drop_columns(["label", "score"]).columns == before.columns
    assert after["label"].to_pylist() == ["short", "long"]
    assert [row["input_label"] for row in rows_of(tmp_path / "out.parquet")] == ["yes", "no"]


def test_a_labelled_parquet_file_opens_in_pandas_and_datasets(tmp_path):
    frame = pandas.DataFrame({"text": ["abc"], "label": ["a"], "when": [datetime.datetime(2024, 1, 1)]}, index=["k"])
    frame.to_parquet(tmp_path / "in.parquet")
    label_file(by_length, tmp_path / "in.parquet", tmp_path / "out.parquet")
    again = pandas.read_parquet(tmp_path / "out.parquet")
    assert list(again.columns) == ["text", "input_label", "when", "label", "score"]
    assert list(again.index) == ["k"]
    loaded = load_dataset("parquet", data_files=str(tmp_path / "out.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"][0]["label"] == "short"


def test_lines_on_standard_input_become_jsonl_on_standard_output(monkeypatch, capfdbinary):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc\nabcdef\n")))
    assert label_file(by_length, "-", text_column="ignored") == 2
    assert [json.loads(line)["label"] for line in capfdbinary.readouterr().out.splitlines()] == ["short", "long"]


@pytest.mark.parametrize(("suffix", "first"), [(".csv", b"text,label,score"), (".parquet", b'{"text": "abc"')])
def test_standard_output_gets_what_a_terminal_can_show(tmp_path, capfdbinary, suffix, first):
    table = pandas.DataFrame({"text": ["abc"]})
    source = tmp_path / f"in{suffix}"
    table.to_csv(source, index=False) if suffix == ".csv" else table.to_parquet(source)
    label_file(by_length, source)
    assert capfdbinary.readouterr().out.startswith(first)


def test_a_fault_far_down_is_named_and_leaves_no_file(tmp_path):
    lines = ['{"text": "abc"}'] * (CHUNK_ROWS + 5) + ['{"txt": "abc"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=rf"in\.jsonl:{CHUNK_ROWS + 6}: no column 'text'.*did you mean 'txt'"):
        label_file(by_length, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("column", ["label", "n"])
def test_a_parquet_column_that_holds_no_texts_is_refused(tmp_path, column):
    parquet.write_table(pa.table({"n": [5], "text": ["abc"]}), tmp_path / "in.parquet")
    with pytest.raises(DataError, match=r"in\.parquet(:1: 'n' holds 5, which is no text|: no column 'label')"):
        label_file(by_length, tmp_path / "in.parquet", tmp_path / "out.parquet", text_column=column)


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    parquet.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "in.parquet")
    with pytest.raises(DataError, match="has no rows"):
        label_file(by_length, tmp_path / "in.parquet", tmp_path / "out.parquet")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    def peak(rows):
        source = tmp_path / f"in{suffix}"
        line = '{"text": "some words"}\n' if suffix == ".jsonl" else "some words\n"
        source.write_text(("text\n" if suffix == ".csv" else "") + line * rows)
        tracemalloc.start()
        label_file(by_length, source, tmp_path / f"out{suffix}")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(5 * CHUNK_ROWS) < 1.3 * peak(2 * CHUNK_ROWS)
