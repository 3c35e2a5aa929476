"""The published form of rows: Parquet that `datasets` reads with names for labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Example
from factory.recipe import Kind


def write_parquet(rows: Sequence[Example], labels: list[str], path: Path, kind: Kind = "single-label") -> None:
    """Write `rows` of a task of that kind to `path`; equal rows give equal bytes.

    Columns: `id`, `text`, `text_pair` (of pairs alone), `label` (ClassLabel; in a multi-label task `labels` instead, a
    list of ClassLabel in the task's order, null where nobody answered), `asked_for`, `confidence`, `probabilities`
    (float32, in the order of `labels`; null for a label that the teacher gave none), `source`, `attributes` (a JSON
    object), and `reason` where rows were removed for one.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    columns = describe_columns(labels, kind, has_reasons=any(row.reason for row in rows))
    records = [_as_record(row, labels) for row in rows]
    table = pa.Table.from_pylist(records, schema=columns.arrow_schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table, path, use_content_defined_chunking=True, write_page_index=True)


def write_suspicious(suspicious: Sequence[Mapping[str, Any]], rows: Iterable[Example], path: Path) -> None:
    """Write the labels that an audit of `rows` doubts, in their order; equal rows give equal bytes.

    Columns: `id`, `text`, `text_pair` (null but of pairs), `given` and `probable` label, `chance` that the given one
    is wrong, and `reason`.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    by_id = {row.id: row for row in rows}
    records = [
        {**line, "text": by_id[line["id"]].text, "text_pair": by_id[line["id"]].text_pair} for line in suspicious
    ]
    names = ("id", "text", "text_pair", "given", "probable", "reason")
    schema = pa.schema([*((name, pa.string()) for name in names), ("chance", pa.float32())])
    write_table(pa.Table.from_pylist(records, schema=schema), path)


def describe_columns(labels: list[str], kind: Kind, *, has_reasons: bool) -> Any:
    """Return the `datasets.Features` of the published rows of a task."""
    from datasets import ClassLabel, Features, List, Value

    answer = ClassLabel(names=labels)
    columns = {
        "id": Value("string"),
        "text": Value("string"),
        **({"text_pair": Value("string")} if kind == "pair" else {}),
        **({"labels": List(answer)} if kind == "multi-label" else {"label": answer}),
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
        "text_pair": row.text_pair,
        "label": None if row.label is None else labels.index(row.label),
        "labels": None if row.labels is None else [labels.index(label) for label in row.labels],
        "asked_for": row.asked_for,
        "confidence": row.confidence,
        "probabilities": row.probabilities and [row.probabilities.get(label) for label in labels],
        "source": row.source,
        "attributes": json.dumps(row.attributes, ensure_ascii=False, sort_keys=True),
        "reason": row.reason,
    }
