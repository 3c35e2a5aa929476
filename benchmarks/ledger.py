"""A finished labelling run again: every answer out of the ledger, no call."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from benchmarks.measure import cpu_seconds, show
from factory.recipe import Budget, HttpTeacher, Task
from factory.teacher.client import ChatTeacher
from tests.scripted_teacher import ScriptedTeacher, labels_by

ROWS = 3000


def run() -> None:
    """Print the CPU time of asking and of asking again, beside plain look-ups in SQLite."""
    task = Task(text="A text", question="Which?", labels={"even": "even length", "odd": "odd length"})
    texts = [f"this is text number {number}" for number in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder, ScriptedTeacher(labels_by(_parity)) as server:
        ledger = Path(folder, "teacher.sqlite")
        settings = HttpTeacher(model="scripted", base_url=server.base_url, concurrency=16)
        teacher = ChatTeacher(settings, recipe="bench", budget=Budget(), ledger=ledger)
        cpu_seconds(lambda: teacher.label(texts, task), rounds=1)
        calls = len(server.asked)
        again = cpu_seconds(lambda: teacher.label(texts, task))
        plain = cpu_seconds(lambda: _look_up(ledger))
        assert len(server.asked) == calls == ROWS
    show(
        ("rows labelled again, per CPU-second", f"{ROWS / again:,.0f} with 0 calls"),
        ("against bare look-ups by key in SQLite", f"{again / plain:.1f} x their CPU time"),
    )


def _parity(text: str) -> str:
    return "odd" if len(text) % 2 else "even"


def _look_up(ledger: Path) -> None:
    with sqlite3.connect(ledger) as database:
        for (key,) in database.execute("SELECT key FROM calls").fetchall():
            database.execute("SELECT reply FROM calls WHERE key = ?", (key,)).fetchone()
