from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from factory.teacher.turns import open_turns

ROOT = Path(__file__).parents[2]
ONE, OTHER = "0" * 63 + "1", "f" * 64
HOLD = """
import sys
from pathlib import Path
from factory.teacher.turns import open_turns
print(open_turns(Path(sys.argv[1])).take(sys.argv[2]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "turns"


def test_a_question_under_way_is_nobody_elses_turn_until_it_is_over(path):
    turns = open_turns(path)
    assert turns.take(ONE)
    assert not open_turns(path).take(ONE)
    assert turns.take(OTHER)
    turns.give(ONE)
    assert turns.take(ONE)


def test_threads_that_come_at_once_share_their_turns(tmp_path):
    for number in range(50):
        together = Barrier(8)

        def take(_, path=tmp_path / str(number), together=together):
            together.wait()
            return open_turns(path).take(ONE)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(8))) == 1


def test_another_process_has_its_turn_until_it_dies(path):
    command = [sys.executable, "-c", HOLD, str(path), ONE]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "True\n"
        assert not open_turns(path).take(ONE)
        assert open_turns(path).take(OTHER)
        other.kill()
        other.wait()
        assert open_turns(path).take(ONE)
