"""Rows are read as they are written in the file, and every fault is named with its line."""

import io
import json
import sys

import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from factory.data.tables import as_text, read_cell, read_rows, read_text
from factory.errors import DataError


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def message(path):
    with pytest.raises(DataError) as error:
        list(read_rows(path))
    return str(error.value).removeprefix(str(path))


def test_csv_rows_carry_the_line_on_which_they_begin(tmp_path):
    path = write(tmp_path / "rows.csv", 'id,text\n1,"two\nlines, a comma and a ""quote"""\n\n2,plain\n')
    assert list(read_rows(path)) == [
        (2, {"id": "1", "text": 'two\nlines, a comma and a "quote"'}),
        (5, {"id": "2", "text": "plain"}),
    ]


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_the_data(tmp_path):
    path = write(tmp_path / "rows.csv", "\ufefftext,label\r\nhello,a\r\n")
    assert list(read_rows(path)) == [(2, {"text": "hello", "label": "a"})]
    path = write(tmp_path / "rows.jsonl", '\ufeff{"text": "hello"}\r\n')
    assert list(read_rows(path)) == [(1, {"text": "hello"})]


def test_jsonl_keeps_types_and_line_numbers(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"text": "a", "n": 1}\n\n{"text": "b\\ud83d\\ude00", "n": null}')
    assert list(read_rows(path)) == [(1, {"text": "a", "n": 1}), (3, {"text": "b\U0001f600", "n": None})]


def test_parquet_rows_are_counted_from_one(tmp_path):
    parquet.write_table(pa.table({"text": ["a", "b"], "n": [1, 2]}), tmp_path / "rows.parquet")
    assert list(read_rows(tmp_path / "rows.parquet")) == [(1, {"text": "a", "n": 1}), (2, {"text": "b", "n": 2})]


def test_class_labels_in_parquet_come_as_their_names(tmp_path):
    schema = Features({"text": Value("string"), "label": ClassLabel(names=["ham", "spam"])}).arrow_schema
    table = pa.table({"text": ["a", "b", "c", "d"], "label": [1, 0, -1, None]}, schema=schema)
    parquet.write_table(table, tmp_path / "rows.parquet")
    labels = [row["label"] for _, row in read_rows(tmp_path / "rows.parquet")]
    assert labels == ["spam", "ham", None, None]


def test_lists_of_class_labels_in_parquet_come_as_lists_of_names(tmp_path):
    schema = Features({"labels": List(ClassLabel(names=["ham", "spam"])), "n": List(Value("int64"))}).arrow_schema
    table = pa.table({"labels": [[1, 0], [], None, [-1]], "n": [[1], [2], [], None]}, schema=schema)
    parquet.write_table(table, tmp_path / "rows.parquet")
    rows = [row for _, row in read_rows(tmp_path / "rows.parquet")]
    assert [row["labels"] for row in rows] == [["spam", "ham"], [], None, [None]]
    assert [row["n"] for row in rows] == [[1], [2], [], None]


def test_a_suffix_in_capitals_is_understood(tmp_path):
    assert list(read_rows(write(tmp_path / "ROWS.CSV", "text\na\n"))) == [(2, {"text": "a"})]


def test_standard_input_is_one_text_a_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("one\r\n\ntwö".encode())))
    assert list(read_rows("-")) == [(1, {"text": "one"}), (2, {"text": ""}), (3, {"text": "twö"})]


def test_a_text_of_a_megabyte_is_read_whole(tmp_path):
    path = write(tmp_path / "rows.csv", f"text,label\n{'x' * 1_000_000},a\n")
    ((_, row),) = read_rows(path)
    assert len(row["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("rows.csv", b"text\nfine\ncaf\xe9\n", ":3: byte 4 of the line is not UTF-8; save the file as UTF-8"),
        ("rows.csv", "text,label\na,b,c\n", ":2: 3 cells, but the first line names 2 columns; put cells with"),
        ("rows.csv", 'text\nfine\n"never closed\n\n', ":3: not CSV (unexpected end of data); close every quote"),
        ("rows.csv", "text,text\na,b\n", ":1: two columns are called 'text'"),
        ("rows.csv", "text\nfine\nnul\0\n", ":3: holds a NUL character; remove it"),
        ("rows.csv", "text\na\n".encode("utf-16"), ":1: byte 1 of the line is not UTF-8"),
        ("rows.csv", "text\na\n".encode("utf-16-le"), ":1: holds a NUL character; remove it, or save the file as"),
        ("rows.csv", "", ": has no rows; add some, or name another file"),
        ("rows.csv", "text,label\n", ": has no rows"),
        ("rows.jsonl", "\n \n", ": has no rows"),
        ("rows.jsonl", '{"text": "a"}\n{"text": \n', ":2: broken JSON (Expecting value"),
        ("rows.jsonl", "[" * 100_000, ":1: broken JSON (maximum recursion depth exceeded"),
        ("rows.jsonl", '["text"]\n', ':1: not an object but ["text"]; write one object on each line'),
        ("rows.jsonl", '{"text": "\\ud83d alone"}\n', ":1: half a character (a lone surrogate)"),
        ("rows.jsonl", b'{"text": "\xff"}\n', ":1: byte 11 of the line is not UTF-8"),
        ("rows.parquet", "PAR1 but not really", ": is damaged or no Parquet file ("),
        ("rows.xlsx", "anything", ": its name does not tell the format; it must end in .csv, .jsonl, .parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_line_and_remedy(tmp_path, name, content, expected):
    found = message(write(tmp_path / name, content))
    assert found.startswith(expected)
    assert "; " in found


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.parquet"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    assert "check the path" in message(tmp_path / name)


def test_a_parquet_file_cut_short_is_refused(tmp_path):
    parquet.write_table(pa.table({"text": [str(n) for n in range(5000)]}), tmp_path / "rows.parquet")
    content = (tmp_path / "rows.parquet").read_bytes()
    assert "is damaged" in message(write(tmp_path / "cut.parquet", content[: len(content) // 2]))
    middle = len(content) // 3
    damaged = content[:middle] + bytes(200) + content[middle + 200 :]
    assert "is damaged" in message(write(tmp_path / "damaged.parquet", damaged))


def test_without_pyarrow_parquet_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DataError, match=r"pip install 'hf-factory\[build\]'"):
        list(read_rows(tmp_path / "rows.parquet"))


def test_a_missing_column_is_answered_with_the_one_that_was_meant():
    with pytest.raises(DataError, match=r"^rows.csv:2: no column 'text'; the columns are 'id', 'texts': did you mean"):
        read_cell({"id": "1", "texts": "a"}, "text", "rows.csv:2")


def test_a_csv_file_without_a_header_is_told_so_by_its_own_first_line():
    with pytest.raises(DataError, match=r"the columns are 'A fine film.', '1': name one of them, or give each column"):
        read_cell({"A fine film.": "Dull.", "1": "0"}, "text", "rows.csv:2")


def test_a_text_may_be_null_but_no_number():
    assert read_text({"text": None}, "text", "rows.jsonl:1") == ""
    with pytest.raises(DataError, match=r"rows\.jsonl:1: 'text' holds 7, which is no text"):
        read_text({"text": 7}, "text", "rows.jsonl:1")


def test_a_nul_character_in_a_text_is_refused():
    with pytest.raises(DataError, match=r"rows\.parquet:9: 'text' holds a NUL character; remove it"):
        as_text("a\0b", "text", "rows.parquet:9")


@given(st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))))
def test_any_json_objects_are_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {}]), encoding="utf-8")
    assert [row for _, row in read_rows(path)] == [*rows, {}]
