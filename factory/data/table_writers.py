"""Write rows to CSV, JSON Lines or Parquet as they come; a file gets its name when it is whole."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from factory.data.tables import STANDARD_STREAM, Row, import_parquet
from factory.errors import DataError


class TableWriter(Protocol):
    """Appends rows; all rows of a CSV or Parquet file have the columns of the first."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append `rows`; raises DataError for a column that the file does not have."""
        ...

    def close(self) -> None:
        """Write what comes after the last row."""
        ...


@contextmanager
def open_writer(target: str | Path, suffix: str) -> Iterator[TableWriter]:
    """Yield a writer in the format `suffix` to the file `target`, or to standard output for `-`.

    Raises DataError where the file cannot be written.
    """
    writers: dict[str, Callable[[BinaryIO, str], TableWriter]]
    writers = {".csv": _CsvWriter, ".jsonl": _JsonlWriter, ".parquet": _ParquetWriter}
    with open_output(target) as file:
        writer = writers[suffix](file, str(target))
        yield writer
        writer.close()


@contextmanager
def open_output(target: str | Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the name `target` when the block ends well and vanishes when it does not.

    `-` is standard output. Raises DataError where the file cannot be written.
    """
    if str(target) == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target).resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        file = partial.open("wb")
    except OSError as fault:
        raise DataError(f"{target}: cannot be written ({fault.strerror}); name another place") from fault
    try:
        with file:
            yield file
        partial.replace(path)
    except OSError as fault:
        if fault.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(f"{target}: the disk is full; free some space and run again") from fault
    finally:
        partial.unlink(missing_ok=True)


class _JsonlWriter:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._file.write(json.dumps(row, ensure_ascii=False, default=_spell).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.flush()


class _CsvWriter:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._columns: list[str] = []

    def write(self, rows: Sequence[Row]) -> None:
        records: list[list[str]] = []
        if rows and not self._columns:
            self._columns = list(rows[0])
            records.append(self._columns)
        for row in rows:
            _check_columns(row, self._columns, self._name)
            records.append([_as_cell(row.get(column)) for column in self._columns])
        self._file.write(_format_csv(records).encode())
        self._file.flush()

    def close(self) -> None:
        self._file.flush()


def _format_csv(records: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for record in records:
        has_return = any("\r" in cell for cell in record)  # left bare by `plain`, and no reader would take it
        (quoted if has_return else plain).writerow(record)
    return text.getvalue()


class _ParquetWriter:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._writer: Any = None

    def write(self, rows: Sequence[Row]) -> None:
        parquet = import_parquet()
        from pyarrow import ArrowException, Table

        if not rows:
            return
        for row in rows:
            _check_columns(row, self._writer.schema.names if self._writer else list(rows[0]), self._name)
        try:
            schema = self._writer.schema if self._writer else _settle_types(Table.from_pylist(list(rows)).schema)
            table = Table.from_pylist(list(rows), schema=schema)
        except (ArrowException, OverflowError) as fault:
            what = f"a column holds values of several types ({str(fault).splitlines()[0]})"
            raise DataError(f"{self._name}: {what}; write .jsonl instead") from fault
        self._writer = self._writer or parquet.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer:
            self._writer.close()


def _settle_types(schema: Any) -> Any:
    """Return `schema` with strings where the rows had no value that tells a type, as in the labels of no text."""
    import pyarrow

    for place, field in enumerate(schema):
        if field.type == pyarrow.null():
            schema = schema.set(place, field.with_type(pyarrow.string()))
        elif field.type == pyarrow.list_(pyarrow.null()):
            schema = schema.set(place, field.with_type(pyarrow.list_(pyarrow.string())))
    return schema


def _check_columns(row: Row, columns: list[str], name: str) -> None:
    if more := [column for column in row if column not in columns]:
        raise DataError(f"{name}: a row has the column {more[0]!r}, which the first row lacks; write .jsonl instead")


def _as_cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=_spell) if isinstance(value, dict | list) else str(value)


def _spell(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
