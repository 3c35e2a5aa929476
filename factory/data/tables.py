"""Rows in files of the user: CSV (RFC 4180), JSON Lines, Parquet, or plain lines on standard input.

Rows are read one after the other, so that a file may be larger than memory. Text must be UTF-8: a wrong character
would become part of what is learnt, so nothing is replaced or skipped; a fault is named with file and line.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

from factory.errors import DataError

Row = dict[str, Any]

STANDARD_STREAM = "-"
SUFFIXES = (".csv", ".jsonl", ".parquet")
MAX_CELL_CHARACTERS = 16_000_000  # a quote that is never closed would otherwise swallow the file
BATCH_ROWS = 1024
SURROGATE = re.compile("[\ud800-\udfff]")


def read_rows(path: str | Path) -> Iterator[tuple[int, Row]]:
    """Yield (number, row): the line where the row begins, or its place from 1 in a Parquet file.

    `-` is standard input, whose lines are rows with one column, `text`. A ClassLabel column of a Parquet file, or one
    of lists of them, as `datasets` writes it, comes as names. Raises DataError with file:line for what cannot be read,
    and for no rows.
    """
    if str(path) == STANDARD_STREAM:
        lines = _decode(sys.stdin.buffer, "standard input")
        yield from ((number, {"text": line.rstrip("\r\n")}) for number, line in enumerate(lines, 1))
        return
    path, suffix = Path(path), suffix_of(path)
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    number = 0
    for number, row in readers[suffix](path):
        yield number, row
    if not number:
        raise DataError(f"{path}: has no rows; add some, or name another file")


def suffix_of(path: str | Path) -> str:
    """Return `.csv`, `.jsonl` or `.parquet`; raises DataError for another ending."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{path}: its name does not tell the format; it must end in {', '.join(SUFFIXES)}")
    return suffix


def read_text(row: Row, column: str, place: str) -> str:
    """Return the text in `column`, "" where it is null; raises DataError for a missing column or another type."""
    return as_text(read_cell(row, column, place), column, place)


def read_cell(row: Row, column: str, place: str) -> Any:
    """Return the value in `column`; raises DataError, which suggests another column, where there is none."""
    if column in row:
        return row[column]
    close = get_close_matches(column, row, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "name one of them, or give each column its name in the file"
    found = ", ".join(repr(name[:40]) for name in list(row)[:8]) or "none"
    raise DataError(f"{place}: no column {column!r}; the columns are {found}{', ...' * (len(row) > 8)}: {remedy}")


def as_text(value: Any, column: str, place: str) -> str:
    """Return `value` as the text it is, "" for null; raises DataError for another type or a NUL character."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{place}: {column!r} holds {str(value)[:40]}, which is no text; name a column of texts")
    if "\0" in value:
        raise DataError(f"{place}: {column!r} holds a NUL character; remove it")
    return value


def import_parquet() -> Any:
    """Return the module `pyarrow.parquet`; raises DataError, which says how to install it."""
    try:
        import pyarrow.parquet
    except ImportError as fault:
        raise DataError("Parquet needs pyarrow, which is not installed: pip install 'hf-factory[build]'") from fault
    return pyarrow.parquet


def open_parquet(path: Path) -> Any:
    """Return a `pyarrow.parquet.ParquetFile`; raises DataError for a file that is none."""
    parquet = import_parquet()
    with explain_parquet_faults(path):
        return parquet.ParquetFile(path)


@contextmanager
def explain_parquet_faults(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises while it reads `path` into a DataError."""
    from pyarrow import ArrowException

    try:
        yield
    except FileNotFoundError as fault:
        raise DataError(f"{path}: is not there; check the path") from fault
    except (ArrowException, OSError, UnicodeDecodeError) as fault:
        what = str(fault).splitlines()[0]
        raise DataError(f"{path}: is damaged or no Parquet file ({what}); write it again") from fault


def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    header: list[str] = []
    for line, cells in _read_records(path):
        if not header:
            header = _check_header(cells, f"{path}:{line}")
        elif len(cells) != len(header):
            what = f"{len(cells)} cells, but the first line names {len(header)} columns"
            raise DataError(f"{path}:{line}: {what}; put cells with commas in double quotes")
        else:
            yield line, dict(zip(header, cells, strict=True))


def _read_records(path: Path) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with _open(path) as file:
        reader = csv.reader(_decode(file, path), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as fault:
                remedy = "close every quote, and double those inside a cell"
                raise DataError(f"{path}:{line}: not CSV ({fault}); {remedy}") from fault
            if cells is None:
                return
            if cells:
                yield line, cells


def _check_header(names: list[str], place: str) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{place}: two columns are called {name!r}; the first line must give each its own name")
    return names


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    with _open(path) as file:
        for number, line in enumerate(_decode(file, path), 1):
            if line.strip():
                yield number, _parse_row(line, f"{path}:{number}")


def _parse_row(line: str, place: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{place}: broken JSON ({fault}); write one whole object on each line") from fault
    if not isinstance(row, dict):
        raise DataError(f"{place}: not an object but {line.strip()[:40]}; write one object on each line")
    if "\\u" in line and SURROGATE.search(json.dumps(row, ensure_ascii=False)):
        raise DataError(f"{place}: half a character (a lone surrogate); write the character in UTF-8")
    return row


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    file = open_parquet(path)
    names = _class_names(file.schema_arrow.metadata or {})
    number = 0
    with explain_parquet_faults(path):
        for batch in file.iter_batches(BATCH_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield number, {column: _as_name(value, names.get(column)) for column, value in row.items()}


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    kinds = {column: feature for column, feature in features.items() if isinstance(feature, dict)}
    items = {column: feature.get("feature", feature) for column, feature in kinds.items()}
    return {
        column: item["names"]
        for column, item in items.items()
        if isinstance(item, dict) and item.get("_type") == "ClassLabel"
    }


def _as_name(value: Any, names: list[str] | None) -> Any:
    if names and isinstance(value, list):
        return [_as_name(item, names) for item in value]
    if names is None or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None  # -1 is how `datasets` says: no label


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as fault:
        raise DataError(f"{path}: cannot be read ({fault.strerror}); check the path") from fault
    with file:
        yield file


def _decode(lines: Iterable[bytes], name: str | Path) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as fault:
            where = f"{name}:{number}: byte {fault.start + 1} of the line"
            raise DataError(f"{where} is not UTF-8; save the file as UTF-8") from fault
        if "\0" in text:
            raise DataError(f"{name}:{number}: holds a NUL character; remove it, or save the file as UTF-8")
        yield text
