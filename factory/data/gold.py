"""The user's own rows: gold, whose labels are trusted, and texts that have none yet."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from factory.data.examples import Example, write_examples
from factory.data.tables import Row, read_cell, read_rows, read_text
from factory.errors import DataError
from factory.recipe import Gold, Texts
from factory.store import Artifact


def read_gold(file: Artifact, gold: Gold, labels: list[str], *, out: Path) -> None:
    """Write `gold.jsonl`: the rows of `file` with their labels, each text once.

    Raises DataError with file:line for a blank text, a label outside the set, or a text labelled in two ways.
    """
    write_examples(out / "gold.jsonl", iter_gold(file.path, gold, labels))


def read_texts(file: Artifact, texts: Texts, *, out: Path) -> None:
    """Write `texts.jsonl`: every row of `file` without a label; raises DataError with file:line."""
    path = _rows_file(file.path)
    found = (read_text(row, texts.text, f"{path}:{number}") for number, row in read_rows(path))
    write_examples(out / "texts.jsonl", (Example(text, source="texts") for text in found))


def iter_gold(path: Path, gold: Gold, labels: list[str]) -> Iterator[Example]:
    """Yield the rows of `path`, a file or a folder with `rows.jsonl`; raises as `read_gold` does."""
    path = _rows_file(path)
    seen: dict[str, tuple[str, str]] = {}
    for number, row in read_rows(path):
        place = f"{path}:{number}"
        text = read_text(row, gold.text, place)
        if not text.strip():
            raise DataError(f"{place}: the text is blank, so that nothing can be measured on it; remove the row")
        label = _read_label(row, gold.label, labels, place)
        known, first = seen.setdefault(" ".join(text.split()), (label, place))
        if known != label:
            raise DataError(f"{place}: labelled {label!r}, but {first} labels the same text {known!r}; keep one")
        if first == place:
            yield Example(text, label, source="gold")


def _rows_file(path: Path) -> Path:
    return path / "rows.jsonl" if path.is_dir() else path


def _read_label(row: Row, column: str, labels: list[str], place: str) -> str:
    value = read_cell(row, column, place)
    label = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(label, str) and label in labels:
        return label
    if label is None or label == "":
        raise DataError(f"{place}: has no label; give it one, or remove the row")
    close = get_close_matches(str(label), labels, n=1) or [name for name in labels if _is_alike(name, str(label))]
    known = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
    remedy = f"did you mean {close[0]!r}?" if close else f"the labels are {known}; correct either of them"
    raise DataError(f"{place}: {value!r} is not a label of the task; {remedy}")


def _is_alike(name: str, label: str) -> bool:
    return name.casefold() == label.strip().casefold()
