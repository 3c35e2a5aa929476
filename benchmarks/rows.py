"""What the benchmarks of students read: texts of the repository, and the base model that `make demo` brings."""

from __future__ import annotations

from pathlib import Path

from factory.data.examples import Example
from factory.data.tables import read_rows as read_table
from factory.recipe import Recipe

ROOT = Path(__file__).parents[1]
MINILM = ROOT / ".cache/models/sentence-transformers/all-MiniLM-L6-v2"
TASK = Recipe.read(ROOT / "recipes/sms-spam").task


def read_rows() -> list[Example]:
    """Return the text messages of the repository with the labels that a language model gave them."""
    labels = ROOT / "recipes/sms-spam/teacher/labels.jsonl"
    return [Example(str(row["text"]), str(row["label"])) for _, row in read_table(labels)]
