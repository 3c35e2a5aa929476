"""Write Markdown around texts that nobody has vouched for: model-written rows, labels, names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*_\[\]<>&|~$])")
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "$": "&#36;"}
AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.)")
LINE_START = re.compile(r"^(\d*)([-+=#.)])(?=\s|$|[-=#])")
REORDERING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Markdown(str):
    """Text that is Markdown already, every foreign part of it escaped."""


def plain(text: object) -> str:
    """Return `text` as one line without control characters: safe for a terminal, a cell, a title."""
    return " ".join("".join(map(_visible, str(text))).split())


def escape(text: object) -> str:
    """Return `text` as one line that Markdown shows as it is: no markup, HTML or link, and no end of a cell."""
    marked = SPECIAL.sub(lambda found: ENTITIES.get(found[1], "\\" + found[1]), plain(text))
    unlinked = AUTOLINK.sub(lambda found: f"{found[0]}\\", marked)
    return LINE_START.sub(r"\1\\\2", unlinked)


def code(text: object) -> str:
    """Return `text` as one line of inline code, in a fence longer than any run of backticks in it."""
    line = plain(text).replace("|", "\u2502")
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """Return a table that is aligned in its source too; `align` has l or r a column (default: l, then r).

    Cells are Markdown: escape what is not yours.
    """
    align = align or "l" + "r" * (len(head) - 1)
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    marks = [
        "-" * width if side == "l" else "-" * (width - 1) + ":" for width, side in zip(widths, align, strict=True)
    ]
    cells.insert(1, marks)
    return "\n".join("| " + " | ".join(map(_pad, row, widths, align)) + " |" for row in cells)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table for a terminal: the first two columns to the left, numbers to the right."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    sides = ["l", "l", *"r" * (len(head) - 2)]
    return "\n".join("  ".join(map(_pad, row, widths, sides)).rstrip() for row in cells)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cs") or character in REORDERING else character


def _pad(cell: str, width: int, side: str) -> str:
    return cell.ljust(width) if side == "l" else cell.rjust(width)
