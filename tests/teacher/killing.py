"""Kill a labelling run at random moments, again and again, and tell what it cost.

`python -m tests.teacher.killing [KILLS] [SEED]` does so 20 times in one run; the suite does it less often.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.teacher.ledger import summarise
from tests.scripted_teacher import ScriptedTeacher, labels_by, slowly

ROOT = Path(__file__).parents[2]
CONCURRENCY = 4
PATIENCE_SECONDS = 120
RUN = f"""
import sys
from pathlib import Path
from factory.recipe import Budget, HttpTeacher, Task
from factory.teacher.client import ChatTeacher

settings = HttpTeacher(model="scripted", base_url=sys.argv[1], concurrency={CONCURRENCY})
teacher = ChatTeacher(settings, recipe=sys.argv[4], budget=Budget(), ledger=Path(sys.argv[2]))
task = Task(text="An SMS", question="Spam?", labels={{"ham": "wanted", "spam": "not"}})
try:
    answers = teacher.label([f"text {{n}}" for n in range(int(sys.argv[3]))], task)
except KeyboardInterrupt:
    sys.exit(130)
print(*(answer.label for answer in answers))
"""
ANSWER = slowly(0.03, labels_by(lambda text: "spam" if text.endswith("7") else "ham"))


def expected(rows: int) -> list[str]:
    """Return what an uninterrupted run prints."""
    return ["spam" if n % 10 == 7 else "ham" for n in range(rows)]


@contextmanager
def running(server: ScriptedTeacher, ledger: Path, rows: int, recipe: str = "sms") -> Iterator[subprocess.Popen[str]]:
    """Label so many rows in a process of its own."""
    command = [sys.executable, "-c", RUN, server.base_url, str(ledger), str(rows), recipe]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def wait_for(server: ScriptedTeacher, calls: int) -> None:
    """Return once the server has been asked so often."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(server.asked) < calls:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def outcomes(ledger: Path) -> dict[str, int]:
    """Return how many calls ended how, after a check of the file."""
    connection = sqlite3.connect(ledger)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = dict(connection.execute("SELECT outcome, count(*) FROM calls GROUP BY outcome"))
    connection.close()
    return found


def kill_at_random(ledger: Path, rows: int, kills: int, chance: random.Random) -> int:
    """Label `rows` texts in a run that is killed `kills` times; return how many calls were made twice."""
    with ScriptedTeacher(ANSWER) as server:
        for kill in range(kills):
            with running(server, ledger, rows) as process:
                wait_for(server, max(len(server.asked) + 1, chance.randint(kill, kill + 1) * (rows - 20) // kills))
                time.sleep(chance.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
            assert outcomes(ledger).get("answered", 0) <= rows
        with running(server, ledger, rows) as process:
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert said.split() == expected(rows)
    assert outcomes(ledger) == {"answered": rows}
    assert summarise(ledger)["calls"] >= len(server.asked)
    return len(server.asked) - rows


def main(kills: int = 20, seed: int = 0) -> None:
    """Print what was paid twice, and fail if it is more than what was in flight."""
    rows = 20 * kills
    with tempfile.TemporaryDirectory() as folder:
        twice = kill_at_random(Path(folder, "teacher.sqlite"), rows, kills, random.Random(seed))
    sys.stdout.write(f"{kills} kills, {CONCURRENCY} in flight, {rows} rows: {twice} calls made twice, equal labels\n")
    assert twice <= kills * CONCURRENCY


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
