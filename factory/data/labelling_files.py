"""Label the rows of a user's file with a student: the same rows, the same order, two columns more."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from factory.data.examples import Text, is_blank
from factory.data.table_writers import open_output, open_writer
from factory.data.tables import (
    STANDARD_STREAM,
    Row,
    as_text,
    explain_parquet_faults,
    import_parquet,
    open_parquet,
    read_cell,
    read_rows,
    read_text,
    suffix_of,
)
from factory.errors import DataError

log = logging.getLogger("factory")

Classify = Callable[[list[Text]], list[Any]]
Answer = Callable[[list[list[str]]], list[Row]]
CHUNK_ROWS = 2048
UNLABELLED: Row = {"label": None, "score": None}
KEPT_AS = {"label": "input_label", "score": "input_score"}


def label_file(
    classify: Classify,
    source: str | Path,
    output: str | Path = STANDARD_STREAM,
    *,
    text_column: str = "text",
    text_pair_column: str | None = None,
    is_multi_label: bool = False,
) -> int:
    """Write the rows of `source` with `label` and `score` to `output`; return how many there were.

    Formats follow from the names; standard output gets CSV for CSV and JSON Lines for all else. Rows stream in
    chunks, and Parquet keeps its schema. A column `label` or `score` of the user's goes on as `input_label` or
    `input_score`. A blank text gets no label. With `text_pair_column`, a row holds two texts. With `is_multi_label`,
    `label` and `score` are lists (in CSV as JSON), best first. Raises DataError with file:line for rows that cannot be
    read.
    """
    is_stream = str(source) == STANDARD_STREAM
    given = ".jsonl" if is_stream else suffix_of(source)
    wanted = (".csv" if given == ".csv" else ".jsonl") if str(output) == STANDARD_STREAM else suffix_of(output)
    columns = ["text" if is_stream else text_column, *([text_pair_column] if text_pair_column else [])]
    answer = partial(_classify_texts, classify, is_multi_label)
    if given == wanted == ".parquet":
        return _label_parquet(answer, Path(source), output, columns, is_multi_label)
    return _label_rows(answer, source, output, wanted, columns)


def _label_rows(answer: Answer, source: str | Path, output: str | Path, suffix: str, columns: list[str]) -> int:
    count = 0
    with open_writer(output, suffix) as writer:
        for chunk in _chunks(read_rows(source)):
            read = [[read_text(row, column, f"{source}:{number}") for number, row in chunk] for column in columns]
            rows = [_make_room(row, f"{source}:{number}") for number, row in chunk]
            if not count:
                _announce(source, chunk[0][1])
            writer.write([row | added for row, added in zip(rows, answer(read), strict=True)])
            count += len(chunk)
    return count


def _label_parquet(answer: Answer, source: Path, output: str | Path, columns: list[str], is_multi_label: bool) -> int:
    file = open_parquet(source)
    names: Row = dict.fromkeys(file.schema_arrow.names)
    for column in columns:
        read_cell(names, column, str(source))
    if not file.metadata.num_rows:
        raise DataError(f"{source}: has no rows; add some, or name another file")
    schema = _extend_schema(file.schema_arrow, list(_make_room(names, str(source))), is_multi_label)
    _announce(source, names)
    count = 0
    with open_output(output) as target, import_parquet().ParquetWriter(target, schema) as writer:
        for batch in _read_batches(source, file):
            read = [_read_column(batch, column, source, count + 1) for column in columns]
            writer.write_batch(_extend_batch(batch, answer(read), schema))
            count += batch.num_rows
    return count


def _read_column(batch: Any, column: str, source: Path, first: int) -> list[str]:
    values = enumerate(batch.column(column).to_pylist(), first)
    return [as_text(value, column, f"{source}:{number}") for number, value in values]


def _chunks(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk


def _make_room(row: Row, place: str) -> Row:
    if not row.keys() & KEPT_AS.keys():
        return row
    renamed = {KEPT_AS.get(column, column): value for column, value in row.items()}
    if len(renamed) < len(row):
        twice = next(column for column, kept in KEPT_AS.items() if column in row and kept in row)
        raise DataError(f"{place}: has the columns {twice!r} and {KEPT_AS[twice]!r}; remove or rename one of them")
    return renamed


def _announce(source: str | Path, row: Row) -> None:
    for column in sorted(row.keys() & KEPT_AS.keys()):
        log.warning("%s: its column %r goes on as %r", source, column, KEPT_AS[column])


def _classify_texts(classify: Classify, is_multi_label: bool, read: list[list[str]]) -> list[Row]:
    """Return what is added to each row, of whose texts `read` has a list for each column."""
    texts = [(row[0], row[1]) if len(row) > 1 else row[0] for row in zip(*read, strict=True)]
    answers = iter(classify([text for text in texts if not is_blank(text)]))
    found = [UNLABELLED if is_blank(text) else next(answers) for text in texts]
    return [_as_lists(answer) for answer in found] if is_multi_label else found


def _as_lists(answer: Any) -> Row:
    return answer if answer is UNLABELLED else {name: [one[name] for one in answer] for name in UNLABELLED}


def _extend_schema(schema: Any, names: list[str], is_multi_label: bool) -> Any:
    import pyarrow as pa

    fields = [field.with_name(name) for field, name in zip(schema, names, strict=True)]
    for name, kind in (("label", pa.string()), ("score", pa.float64())):
        fields.append(pa.field(name, pa.list_(kind) if is_multi_label else kind))
    metadata = dict(schema.metadata or {})
    if b"huggingface" in metadata:
        metadata[b"huggingface"] = _rename_features(metadata[b"huggingface"])
    return pa.schema(fields, metadata)


def _rename_features(metadata: bytes) -> bytes:
    described = json.loads(metadata)
    if features := described.get("info", {}).get("features"):
        described["info"]["features"] = {KEPT_AS.get(column, column): value for column, value in features.items()}
    return json.dumps(described).encode()


def _read_batches(source: Path, file: Any) -> Iterator[Any]:
    with explain_parquet_faults(source):
        yield from file.iter_batches(CHUNK_ROWS)


def _extend_batch(batch: Any, answers: list[Row], schema: Any) -> Any:
    import pyarrow as pa

    added = [pa.array([answer[name] for answer in answers], schema.field(name).type) for name in UNLABELLED]
    return pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)
