"""The first look at a dataset: a page of a split's rows, and how often each label occurs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from factory.localhub.calls import Call
from factory.localhub.errors import HubError
from factory.localhub.pages.parquet import TOO_LARGE
from factory.localhub.pages.splits import Split, find_splits
from factory.localhub.trees import Entry

ROWS = 20
_READER = Path(__file__).with_name("parquet.py")
_READ_SECONDS, _WAIT_SECONDS = 20.0, 5.0
_MAX_KEPT_PAGES = 32
_readers = threading.BoundedSemaphore(2)


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
    try:
        blobs = [str(call.store.blobs.path(files[path].sha256)) for path in preview.split.paths]
        _fill(preview, json.loads(_read_page(*blobs, first_row=preview.first_row)))
    except _Unreadable as fault:
        preview.trouble = str(fault)
    return preview


def _fill(preview: Preview, found: dict[str, Any]) -> None:
    preview.total, preview.rows, preview.labels = found["total"], found["rows"], found["labels"]
    preview.columns, preview.all_columns = found["columns"], found["all_columns"]
    preview.pages = max(1, -(-preview.total // ROWS))
    most = max((rows for _, rows in found["counts"]), default=0)
    preview.counts = [
        Count(label, rows, 100 * rows / preview.total, 100 * rows / most) for label, rows in found["counts"]
    ]


class _Unreadable(Exception):
    """There are no rows to show, for the reason in the message."""


@lru_cache(_MAX_KEPT_PAGES)
def _read_page(*blobs: str, first_row: int) -> bytes:
    """Return what the reader says of a page, whose blobs never change.

    Arrow and its memory live in a process that ends with the page: the server stays as small as it was, whatever a
    file holds.
    """
    if not _readers.acquire(timeout=_WAIT_SECONDS):
        raise _Unreadable("Others are looking at datasets already: try again in a moment.")
    command = [sys.executable, "-P", str(_READER), str(first_row), str(ROWS)]
    given = json.dumps(blobs).encode()
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_READ_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _Unreadable("The rows take too long to read for a preview.") from None
    finally:
        _readers.release()
    if done.returncode == TOO_LARGE:
        raise _Unreadable("The rows are too large for a preview.")
    if done.returncode:
        raise _Unreadable("The files of this split cannot be read as Parquet.")
    return done.stdout
