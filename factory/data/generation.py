"""Have the teacher write texts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

from factory.data.examples import write_examples
from factory.recipe import Generate, Task
from factory.teacher import Teacher


def generate_texts(task: Task, generate: Generate, teacher: Teacher, *, out: Path) -> None:
    """Write `texts.jsonl`: what the teacher wrote, with the label that was asked for and none given yet.

    Raises TeacherError or BudgetError.
    """
    written = teacher.write(task, generate)
    rows = (replace(row, text=tidy(row.text), label=None, source="generated") for row in written)
    write_examples(out / "texts.jsonl", rows)


def tidy(text: str) -> str:
    """Return `text` in NFC without blanks at the ends of lines, runs of blanks, or more than one empty line."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in unicodedata.normalize("NFC", text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
