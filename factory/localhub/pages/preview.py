"""The first look at a dataset: a page of a split's rows, and how often each label occurs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.localhub.calls import Call
from factory.localhub.errors import HubError
from factory.localhub.pages.splits import Split, find_splits
from factory.localhub.trees import Entry

if TYPE_CHECKING:
    import pyarrow.parquet as pq

ROWS = 20
_MAX_UNFOLDED_BYTES = 128 * 2**20  # a small Parquet file may say that it unfolds to anything
_MAX_COUNTED_ROWS = 2_000_000
_MAX_COLUMNS = 50
_MAX_LABELS = 20
_MAX_CELL_CHARACTERS = 500


@dataclass(frozen=True)
class Count:
    """How many rows have a label; `percent` is of all rows, `width` of the most frequent label."""

    label: str
    rows: int
    percent: float
    width: float


@dataclass
class Preview:
    """A page of rows; `trouble` says why there are none."""

    splits: list[Split]
    split: Split | None = None
    page: int = 0
    pages: int = 1
    columns: list[str] = field(default_factory=list)
    all_columns: int = 0
    rows: list[list[str]] = field(default_factory=list)
    total: int = 0
    counts: list[Count] = field(default_factory=list)
    labels: int = 0
    trouble: str = ""

    @property
    def first_row(self) -> int:
        """The number, from 0 on, of the first row of the page."""
        return self.page * ROWS


def preview_dataset(call: Call, card: dict[str, Any], files: dict[str, Entry]) -> Preview:
    """Return the page of rows that the query's `config`, `split` and `p` name, the first split's first by default."""
    preview = Preview(find_splits(card, files))
    if not preview.splits:
        preview.trouble = "The preview reads Parquet files, and there are none here."
        return preview
    config, name = call.query.get("config"), call.query.get("split")
    chosen = [s for s in preview.splits if config in (None, s.config) and name in (None, s.name)]
    if not chosen:
        raise HubError(404, f"There is no split '{name}' in configuration '{config}'")
    preview.split = chosen[0]
    if find_spec("pyarrow") is None:
        preview.trouble = "The preview needs pyarrow: pip install pyarrow"
        return preview
    preview.page = call.whole_number("p", 0, highest=10**6)
    paths = [call.store.blobs.path(files[path].sha256) for path in preview.split.paths]
    _fill(preview, paths)
    return preview


def _fill(preview: Preview, paths: list[Path]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        tables = [pq.ParquetFile(path) for path in paths]
        preview.total = sum(table.metadata.num_rows for table in tables)
        preview.pages = max(1, -(-preview.total // ROWS))
        preview.columns = list(tables[0].schema_arrow.names)[:_MAX_COLUMNS]
        preview.all_columns = len(tables[0].schema_arrow.names)
        names = _label_names(tables[0])
        _fill_counts(preview, tables, names)
        rows = _read_rows(tables, preview.columns, preview.first_row, ROWS)
        preview.rows = [[_cell(row.get(column), names.get(column)) for column in preview.columns] for row in rows]
    except _TooLarge:
        preview.trouble = "The rows are too large for a preview."
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        preview.trouble = "The files of this split cannot be read as Parquet."
    finally:
        pa.default_memory_pool().release_unused()


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


def _fill_counts(preview: Preview, tables: list[pq.ParquetFile], names: dict[str, list[str]]) -> None:
    column = next(iter(names), next((name for name in ("label", "labels") if name in preview.columns), None))
    if column is None or not 0 < preview.total <= _MAX_COUNTED_ROWS:
        return
    counts: dict[str, int] = {}
    for value, rows in _count_values(tables, column):
        label = _cell(value, names.get(column))
        counts[label] = counts.get(label, 0) + rows
    if len(counts) > max(_MAX_LABELS, preview.total // 4):
        return
    most = max(counts.values(), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    preview.labels = len(counts)
    preview.counts = [
        Count(label, rows, 100 * rows / preview.total, 100 * rows / most) for label, rows in ordered[:_MAX_LABELS]
    ]


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
