"""A run that is killed or interrupted goes on where it was, and pays nothing twice that was answered."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from factory.teacher.ledger import summarise
from tests.scripted_teacher import Hang, ScriptedTeacher
from tests.teacher.killing import (
    ANSWER,
    CONCURRENCY,
    expected,
    kill_at_random,
    outcomes,
    running,
    wait_for,
)

ROWS = 40


def test_a_run_that_is_killed_again_and_again_repeats_only_what_was_in_flight(ledger):
    assert 0 <= kill_at_random(ledger, ROWS, 3, random.Random(1)) <= 3 * CONCURRENCY


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_an_interrupted_or_terminated_run_keeps_what_is_in_flight_and_pays_nothing_twice(ledger, number, code):
    with ScriptedTeacher(ANSWER) as server:
        with running(server, ledger, ROWS) as process:
            wait_for(server, 10)
            process.send_signal(number)
            _, complaint = process.communicate(timeout=60)
            assert process.returncode == code  # what a shell calls 143 is -SIGTERM here
        assert "finishing the calls in flight" in complaint
        assert outcomes(ledger) == {"answered": len(server.asked)}
        assert len(server.asked) < ROWS
        with running(server, ledger, ROWS) as process:
            said, _ = process.communicate(timeout=60)
    assert said.split() == expected(ROWS)
    assert len(server.asked) == ROWS


def test_a_second_interrupt_does_not_wait_and_leaves_the_call_charged(ledger):
    with ScriptedTeacher(lambda _: Hang()) as server, running(server, ledger, ROWS) as process:
        wait_for(server, 1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    assert outcomes(ledger) == {"interrupted": 1}
    assert summarise(ledger)["output_tokens"] == 256


def test_two_recipes_that_ask_the_same_at_the_same_time_pay_once(ledger):
    with ScriptedTeacher(ANSWER) as server, ThreadPoolExecutor(2) as pool:

        def label(recipe):
            with running(server, ledger, ROWS, recipe) as process:
                return process.communicate(timeout=60)[0].split()

        assert list(pool.map(label, ("one", "two"))) == [expected(ROWS)] * 2
    assert sorted(server.texts) == sorted({f"text {n}" for n in range(ROWS)})
    assert summarise(ledger)["cached"] == ROWS
