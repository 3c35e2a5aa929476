"""Read a page of Parquet files: `python parquet.py FIRST_ROW ROWS`, the paths as JSON on stdin, the page on stdout.

It is run by its path, in a process of its own, and imports nothing but pyarrow. It ends with 1 for files that are no
Parquet and with 3 for rows that are too large.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow.parquet as pq

TOO_LARGE = 3
_MAX_UNFOLDED_BYTES = 128 * 2**20  # a small Parquet file may say that it unfolds to anything
_MAX_COUNTED_ROWS = 2_000_000
_MAX_COLUMNS = 50
_MAX_LABELS = 20
_MAX_CELL_CHARACTERS = 500


def main() -> None:
    """Write the page that the arguments ask for."""
    import pyarrow as pa

    first_row, count = map(int, sys.argv[1:])
    try:
        page = read_page(json.load(sys.stdin), first_row, count)
    except _TooLarge:
        sys.exit(TOO_LARGE)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        sys.exit(str(fault))
    json.dump(page, sys.stdout)


def read_page(paths: list[str], first_row: int, count: int) -> dict[str, Any]:
    """Return `count` rows from `first_row` on, the columns, and the most frequent labels with their numbers."""
    import pyarrow.parquet as pq

    tables = [pq.ParquetFile(path) for path in paths]
    names = tables[0].schema_arrow.names
    columns, classes = names[:_MAX_COLUMNS], _label_names(tables[0])
    total = sum(table.metadata.num_rows for table in tables)
    column = next(iter(classes), next((name for name in ("label", "labels") if name in columns), None))
    counts: dict[str, int] = {}
    if column is not None and 0 < total <= _MAX_COUNTED_ROWS:
        counts = _count_labels(tables, column, classes, total)
    rows = _read_rows(tables, columns, first_row, count)
    return {
        "total": total,
        "columns": columns,
        "all_columns": len(names),
        "rows": [[_cell(row.get(name), classes.get(name)) for name in columns] for row in rows],
        "labels": len(counts),
        "counts": sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_LABELS],
    }


class _TooLarge(Exception):
    """Reading would take more memory than a preview is worth."""


def _read_rows(tables: list[pq.ParquetFile], columns: list[str], start: int, count: int) -> list[dict[str, Any]]:
    """Return up to `count` rows from number `start` on, reading no row group that has none of them."""
    rows: list[dict[str, Any]] = []
    for table in tables:
        for group in range(table.num_row_groups):
            size = table.metadata.row_group(group).num_rows
            if start < size and len(rows) < count:
                rows += _read_group(table, columns, group, start, count - len(rows))
            start = max(0, start - size)
    return rows


def _read_group(table: pq.ParquetFile, columns: list[str], group: int, start: int, count: int) -> list[dict[str, Any]]:
    if table.metadata.row_group(group).total_byte_size > _MAX_UNFOLDED_BYTES:
        raise _TooLarge
    rows: list[dict[str, Any]] = []
    for batch in table.iter_batches(1024, row_groups=[group], columns=columns, use_threads=False):
        if start < batch.num_rows:
            rows += batch.slice(start, count - len(rows)).to_pylist()
        start = max(0, start - batch.num_rows)
        if len(rows) == count:
            break
    return rows


def _label_names(table: pq.ParquetFile) -> dict[str, list[str]]:
    """Return the names of the classes of the columns that `datasets` wrote as ClassLabel."""
    try:
        metadata = json.loads((table.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
        features = metadata["info"]["features"]
        described = {column: _class_label(feature) for column, feature in features.items()}
        return {column: [str(name) for name in names] for column, names in described.items() if names}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _class_label(feature: dict[str, Any]) -> list[str]:
    inner = feature.get("feature", feature)
    return list(inner["names"]) if inner.get("_type") == "ClassLabel" else []


def _count_labels(
    tables: list[pq.ParquetFile], column: str, classes: dict[str, list[str]], total: int
) -> dict[str, int]:
    """Return how often each label occurs, nothing where they are hardly labels for being so many."""
    counts: dict[str, int] = {}
    for value, rows in _count_values(tables, column):
        label = _cell(value, classes.get(column))
        counts[label] = counts.get(label, 0) + rows
    return {} if len(counts) > max(_MAX_LABELS, total // 4) else counts


def _count_values(tables: list[pq.ParquetFile], column: str) -> Iterator[tuple[Any, int]]:
    """Yield the values of a column, those of lists one by one, and how often a batch has them."""
    import pyarrow.compute as pc

    for table in tables:
        if column not in table.schema_arrow.names:
            continue
        _check_column(table, column)
        for batch in table.iter_batches(batch_size=8192, columns=[column], use_threads=False):
            values = batch.column(0)
            flat = values.flatten() if "list" in str(values.type) else values
            yield from ((item["values"], item["counts"]) for item in pc.value_counts(flat).to_pylist())


def _check_column(table: pq.ParquetFile, column: str) -> None:
    for number in range(table.num_row_groups):
        group = table.metadata.row_group(number)
        chunks = (group.column(index) for index in range(group.num_columns))
        own = [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] == column]
        if sum(chunk.total_uncompressed_size for chunk in own) > _MAX_UNFOLDED_BYTES:
            raise _TooLarge


def _cell(value: Any, names: list[str] | None = None) -> str:
    """Return a value as one reads it: classes by name, bytes by size, what is structured as JSON."""
    if isinstance(value, list) and names:
        return ", ".join(_cell(one, names) for one in value)
    if names and isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_CELL_CHARACTERS else f"{text[:_MAX_CELL_CHARACTERS]}…"


if __name__ == "__main__":
    main()
