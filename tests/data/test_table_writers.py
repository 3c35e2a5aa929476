"""What is written is read back the same, and a file is whole or not there."""

import datetime
import decimal
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from factory.data.table_writers import open_output, open_writer
from factory.data.tables import read_rows
from factory.errors import DataError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
COLUMNS = st.lists(st.text("abcde ,\"'\r\n", min_size=1), min_size=1, max_size=4, unique=True)


@st.composite
def tables(draw):
    columns = draw(COLUMNS)
    return draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, TEXTS)), min_size=1, max_size=5))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@given(rows=tables(), cut=st.integers(1, 4))
def test_what_is_written_is_read_back(tmp_path_factory, suffix, rows, cut):
    path = tmp_path_factory.mktemp("rows") / f"rows{suffix}"
    with open_writer(path, suffix) as writer:
        writer.write(rows[:cut])
        writer.write(rows[cut:])
    assert [row for _, row in read_rows(path)] == rows


def test_csv_ends_lines_as_unix_does_and_spells_nested_values_as_json(tmp_path):
    with open_writer(tmp_path / "rows.csv", ".csv") as writer:
        writer.write([{"text": "a", "n": None, "votes": ["x", "ü"]}])
    assert (tmp_path / "rows.csv").read_bytes() == 'text,n,votes\na,,"[""x"", ""ü""]"\n'.encode()


def test_jsonl_spells_what_json_has_no_type_for(tmp_path):
    row = {"day": datetime.date(2024, 2, 29), "price": decimal.Decimal("1.50"), "raw": b"\x00\xff"}
    with open_writer(tmp_path / "rows.jsonl", ".jsonl") as writer:
        writer.write([row])
    assert list(read_rows(tmp_path / "rows.jsonl")) == [(1, {"day": "2024-02-29", "price": "1.50", "raw": "00ff"})]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_that_the_first_row_lacks_is_refused_not_lost(tmp_path, suffix):
    with (
        pytest.raises(DataError, match=r"rows\.\w+: a row has the column 'b'"),
        open_writer(tmp_path / f"rows{suffix}", suffix) as writer,
    ):
        writer.write([{"a": "1"}, {"a": "2", "b": "3"}])


def test_a_column_of_two_types_does_not_fit_into_parquet(tmp_path):
    with (
        pytest.raises(DataError, match=r"rows\.parquet: a column holds values of several types"),
        open_writer(tmp_path / "rows.parquet", ".parquet") as writer,
    ):
        writer.write([{"a": 1}, {"a": "one"}])


def test_a_file_that_fails_half_way_leaves_the_earlier_one_in_place(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("earlier")
    with pytest.raises(TypeError), open_writer(path, ".jsonl") as writer:
        writer.write([{"a": 1}, {("no", "key"): 2}])
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_behind_a_link_is_replaced_not_the_link(tmp_path):
    (tmp_path / "real.csv").write_text("earlier")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with open_output(tmp_path / "link.csv") as file:
        file.write(b"later")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "later"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere/rows\.csv: cannot be written \(No such file"):
        open_output(tmp_path / "nowhere" / "rows.csv").__enter__()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path):
    with (
        pytest.raises(DataError, match=r"rows\.csv: the disk is full; free some space"),
        open_output(tmp_path / "rows.csv"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_standard_output_gets_rows_as_they_come(capfdbinary):
    with open_writer("-", ".jsonl") as writer:
        writer.write([{"a": "é"}])
        assert capfdbinary.readouterr().out == '{"a": "é"}\n'.encode()


def test_labels_may_come_after_rows_that_have_none(tmp_path):
    with open_writer(tmp_path / "rows.parquet", ".parquet") as writer:
        writer.write([{"text": "a", "labels": [], "note": None}])
        writer.write([{"text": "b", "labels": ["good"], "note": "late"}])
    rows = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(row["labels"], row["note"]) for row in rows] == [([], None), (["good"], "late")]


def test_parquet_rows_come_in_the_groups_they_were_written_in(tmp_path):
    with open_writer(tmp_path / "rows.parquet", ".parquet") as writer:
        for start in range(3):
            writer.write([{"n": start}, {"n": start + 1}])
    assert parquet.ParquetFile(tmp_path / "rows.parquet").metadata.num_row_groups == 3
