"""A run that is killed or interrupted goes on where it was, and pays nothing twice that was answered."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from factory.teacher.ledger import summarise
from tests.scripted_teacher import Hang, ScriptedTeacher, labels_by, slowly

ROOT = Path(__file__).parents[2]
ROWS, CONCURRENCY = 40, 4
RUN = f"""
import sys
from pathlib import Path
from factory.recipe import Budget, HttpTeacher, Task
from factory.teacher.client import ChatTeacher

settings = HttpTeacher(model="scripted", base_url=sys.argv[1], concurrency={CONCURRENCY})
teacher = ChatTeacher(settings, recipe="sms", budget=Budget(), ledger=Path(sys.argv[2]))
task = Task(text="An SMS", question="Spam?", labels={{"ham": "wanted", "spam": "not"}})
try:
    answers = teacher.label([f"text {{n}}" for n in range({ROWS})], task)
except KeyboardInterrupt:
    sys.exit(130)
print(*(answer.label for answer in answers))
"""
ANSWER = slowly(0.03, labels_by(lambda text: "spam" if text.endswith("7") else "ham"))
EXPECTED = ["spam" if n % 10 == 7 else "ham" for n in range(ROWS)]


@contextmanager
def running(server, ledger):
    command = [sys.executable, "-c", RUN, server.base_url, str(ledger)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def wait_for(server, calls):
    while len(server.asked) < calls:
        time.sleep(0.005)


def outcomes(ledger):
    connection = sqlite3.connect(ledger)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = dict(connection.execute("SELECT outcome, count(*) FROM calls GROUP BY outcome"))
    connection.close()
    return found


def test_a_run_that_is_killed_again_and_again_repeats_only_what_was_in_flight(ledger):
    with ScriptedTeacher(ANSWER) as server:
        for kill in range(3):
            with running(server, ledger) as process:
                wait_for(server, 9 * (kill + 1))
                process.send_signal(signal.SIGKILL)
        assert 0 < outcomes(ledger)["answered"] < ROWS
        with running(server, ledger) as process:
            said, _ = process.communicate(timeout=60)
    assert said.split() == EXPECTED
    assert outcomes(ledger) == {"answered": ROWS}
    assert ROWS <= len(server.asked) <= ROWS + 3 * CONCURRENCY
    assert summarise(ledger)["calls"] >= len(server.asked)


def test_an_interrupted_run_keeps_what_is_in_flight_and_ends_with_130(ledger):
    with ScriptedTeacher(ANSWER) as server:
        with running(server, ledger) as process:
            wait_for(server, 10)
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=60)
            assert process.returncode == 130
        assert "finishing the calls in flight" in complaint
        assert outcomes(ledger) == {"answered": len(server.asked)}
        assert len(server.asked) < ROWS
        with running(server, ledger) as process:
            said, _ = process.communicate(timeout=60)
    assert said.split() == EXPECTED
    assert len(server.asked) == ROWS


def test_a_terminated_run_keeps_what_is_in_flight_too(ledger):
    with ScriptedTeacher(ANSWER) as server, running(server, ledger) as process:
        wait_for(server, 10)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGTERM
    assert outcomes(ledger) == {"answered": len(server.asked)}


def test_a_second_interrupt_does_not_wait_and_leaves_the_call_charged(ledger):
    with ScriptedTeacher(lambda _: Hang()) as server, running(server, ledger) as process:
        wait_for(server, 1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    assert outcomes(ledger) == {"interrupted": 1}
    assert summarise(ledger)["output_tokens"] == 256
