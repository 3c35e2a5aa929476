"""The user's own rows: gold, whose labels are trusted, and texts that have none yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from factory.data.examples import Example, Text, parts_of, write_examples
from factory.data.tables import Row, read_cell, read_rows, read_text
from factory.errors import DataError
from factory.recipe import Gold, Kind, Rows, Texts
from factory.store import Artifact


def read_gold(file: Artifact, gold: Gold, kind: Kind, labels: list[str], *, out: Path) -> None:
    """Write `gold.jsonl`: the rows of `file` with their labels, each text, or pair of texts, once.

    In a multi-label task a row has a list of labels (in CSV: a JSON list), or one label as a plain text; [] says that
    none applies. Raises DataError with file:line for a blank text, a missing label or one outside the set, or a text
    labelled in two ways.
    """
    write_examples(out / "gold.jsonl", iter_gold(file.path, gold, kind, labels))


def read_texts(file: Artifact, texts: Texts, kind: Kind, *, out: Path) -> None:
    """Write `texts.jsonl`: every row of `file` without a label; raises DataError with file:line."""
    found = iter_contents(file.path, texts, kind)
    write_examples(out / "texts.jsonl", (_as_example(text, source="texts") for text in found))


def iter_gold(path: Path, gold: Gold, kind: Kind, labels: list[str]) -> Iterator[Example]:
    """Yield the rows of `path`, a file or a folder with `rows.jsonl`; raises as `read_gold` does."""
    path = _rows_file(path)
    read_answer = _read_labels if kind == "multi-label" else _read_label
    seen: dict[tuple[str, ...], tuple[Any, str]] = {}
    for number, row in read_rows(path):
        place = f"{path}:{number}"
        text = _read_content(row, gold, kind, place)
        if not parts_of(text)[0].strip():
            raise DataError(f"{place}: the text is blank, so that nothing can be measured on it; remove the row")
        answer = read_answer(row, gold.label, labels, place)
        known, first = seen.setdefault(tuple(" ".join(part.split()) for part in parts_of(text)), (answer, place))
        if known != answer:
            what, other = _quote(answer), _quote(known)
            raise DataError(f"{place}: labelled {what}, but {first} labels the same text {other}; keep one")
        if first == place:
            yield _as_example(text, **{"label" if isinstance(answer, str) else "labels": answer}, source="gold")


def iter_contents(path: Path, rows: Rows, kind: Kind) -> Iterator[Text]:
    """Yield the text, or both texts of a pair, of every row of `path`, a file or a folder with `rows.jsonl`.

    Raises DataError with file:line for a missing column and for a pair without its second text.
    """
    path = _rows_file(path)
    for number, row in read_rows(path):
        yield _read_content(row, rows, kind, f"{path}:{number}")


def _rows_file(path: Path) -> Path:
    return path / "rows.jsonl" if path.is_dir() else path


def _read_content(row: Row, rows: Rows, kind: Kind, place: str) -> Text:
    text = read_text(row, rows.text, place)
    if kind != "pair":
        return text
    second = read_text(row, rows.text_pair, place)
    if not second.strip():
        raise DataError(f"{place}: has no second text in {rows.text_pair!r}; give it one, or remove the row")
    return text, second


def _as_example(text: Text, **known: Any) -> Example:
    first, *second = parts_of(text)
    return Example(first, text_pair=second[0] if second else None, **known)


def _read_label(row: Row, column: str, labels: list[str], place: str) -> str:
    value = read_cell(row, column, place)
    if value is None or value == "":
        raise DataError(f"{place}: has no label; give it one, or remove the row")
    return _check_label(value, labels, place)


def _read_labels(row: Row, column: str, labels: list[str], place: str) -> tuple[str, ...]:
    value = read_cell(row, column, place)
    if value is None or value == "":
        raise DataError(f"{place}: has no label; give it one, or [] for none")
    if isinstance(value, str) and value not in labels:
        value = _parse_list(value)
    values = value if isinstance(value, list) else [value]
    found = {_check_label(item, labels, place) for item in values}
    return tuple(label for label in labels if label in found)


def _parse_list(cell: str) -> Any:
    """Return the list that `cell` is in JSON, else the cell itself."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return value if isinstance(value, list) else cell


def _check_label(value: Any, labels: list[str], place: str) -> str:
    label = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(label, str) and label in labels:
        return label
    close = get_close_matches(str(label), labels, n=1) or [name for name in labels if _is_alike(name, str(label))]
    known = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
    remedy = f"did you mean {close[0]!r}?" if close else f"the labels are {known}; correct either of them"
    raise DataError(f"{place}: {value!r} is not a label of the task; {remedy}")


def _is_alike(name: str, label: str) -> bool:
    return name.casefold() == label.strip().casefold()


def _quote(answer: str | tuple[str, ...]) -> str:
    return repr(answer) if isinstance(answer, str) else repr(list(answer))
