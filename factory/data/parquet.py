"""The published form of rows: Parquet that `datasets` reads with names for labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Example


def write_parquet(rows: Sequence[Example], labels: list[str], path: Path) -> None:
    """Write `rows` to `path`; equal rows give equal bytes.

    Columns: `id`, `text`, `label` (ClassLabel), `asked_for`, `confidence`, `probabilities` (float32, in the order of
    `labels`; null for a label that the teacher gave none), `source`, `attributes` (a JSON object), and `reason` where
    rows were removed for one.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    schema = _features(labels, has_reasons=any(row.reason for row in rows)).arrow_schema
    records = [_as_record(row, labels) for row in rows]
    table = pa.Table.from_pylist(records, schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table, path, use_content_defined_chunking=True, write_page_index=True)


def _features(labels: list[str], *, has_reasons: bool) -> Any:
    from datasets import ClassLabel, Features, List, Value

    columns = {
        "id": Value("string"),
        "text": Value("string"),
        "label": ClassLabel(names=labels),
        "asked_for": Value("string"),
        "confidence": Value("float32"),
        "probabilities": List(Value("float32")),
        "source": Value("string"),
        "attributes": Value("string"),
    }
    return Features(columns | ({"reason": Value("string")} if has_reasons else {}))


def _as_record(row: Example, labels: list[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "text": row.text,
        "label": None if row.label is None else labels.index(row.label),
        "asked_for": row.asked_for,
        "confidence": row.confidence,
        "probabilities": row.probabilities and [row.probabilities.get(label) for label in labels],
        "source": row.source,
        "attributes": json.dumps(row.attributes, ensure_ascii=False, sort_keys=True),
        "reason": row.reason,
    }
