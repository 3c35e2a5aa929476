"""The limiter against servers that exist as a few lines and a clock that jumps: minutes of traffic in no time."""

from __future__ import annotations

import asyncio
import random
import selectors

import pytest

from factory.teacher.limiter import Limiter


class Jump(selectors.SelectSelector):
    """Sleeps by moving the clock."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0
        return super().select(0)


def run(main):
    """Run a coroutine on a clock of its own; return the seconds that passed on it."""
    jump = Jump()
    loop = asyncio.SelectorEventLoop(jump)
    loop.time = lambda: jump.now
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()
    return jump.now


class Bucket:
    """A server that answers after `latency` seconds, and no more than `rate` times a second."""

    def __init__(self, rate, latency):
        self.rate, self.latency = rate, latency
        self.tokens, self.then = rate / 10, 0.0

    async def answers(self):
        now = asyncio.get_running_loop().time()
        self.tokens, self.then = min(self.rate / 10, self.tokens + self.rate * (now - self.then)), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        await asyncio.sleep(self.latency * random.uniform(0.7, 1.3))
        return True


class Moody:
    """A server that refuses a share of all calls, whatever the load."""

    def __init__(self, share, latency):
        self.share, self.latency = share, latency

    async def answers(self):
        await asyncio.sleep(self.latency)
        return random.random() >= self.share


async def call(limiter, server, calls, wait_seconds=1.0):
    """Make so many calls, as many at once as the limiter may ever allow."""
    left = iter(range(calls))

    async def work():
        for _ in left:
            while True:
                async with limiter:
                    is_answered = await server.answers()
                if is_answered:
                    limiter.note_answer()
                    break
                limiter.note_refusal()
                await asyncio.sleep(wait_seconds * random.uniform(1.0, 1.25))

    await asyncio.gather(*(work() for _ in range(int(limiter.limit))))


@pytest.fixture(autouse=True)
def _seed():
    random.seed(7)


def test_a_rate_limit_is_used_to_ninety_four_percent():
    limiter = Limiter(128)
    seconds = run(call(limiter, Bucket(rate=150, latency=0.1), calls=3000))
    assert (3000 - 15) / 150 / seconds >= 0.94
    assert limiter.limit < 40


def test_refusals_that_no_load_causes_leave_most_places():
    limiter = Limiter(128)
    seconds = run(call(limiter, Moody(share=0.05, latency=0.1), calls=3000))
    assert limiter.limit > 64
    assert 3000 / seconds > 400


def test_the_limit_comes_back_when_the_server_does():
    limiter = Limiter(32)
    run(call(limiter, Moody(share=0.9, latency=0.1), calls=20))
    low = limiter.limit
    run(call(limiter, Moody(share=0.0, latency=0.1), calls=700))
    assert low < 16
    assert limiter.limit == 32


def test_refusals_of_one_window_cut_once_and_never_below_one_place():
    limiter = Limiter(8)

    async def refuse(times, wait_seconds=0.0):
        for _ in range(times):
            limiter.note_refusal()
            await asyncio.sleep(wait_seconds)

    run(refuse(50))
    assert limiter.limit == 6
    limiter = Limiter(8)
    run(refuse(50, wait_seconds=0.6))
    assert limiter.limit == 1


def test_no_more_are_on_the_wire_than_the_limit_and_a_place_that_nobody_takes_any_more_goes_on():
    limiter, most = Limiter(2), 0

    async def work(at_once):
        nonlocal most
        async with limiter:
            at_once.add(asyncio.current_task())
            most = max(most, len(at_once))
            await asyncio.sleep(1)
            at_once.discard(asyncio.current_task())

    async def main():
        at_once = set()
        tasks = [asyncio.ensure_future(work(at_once)) for _ in range(6)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()  # waits
        await asyncio.sleep(0.5)
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [False, False, True, False, False, False]

    assert run(main()) == pytest.approx(3.0)
    assert most == 2


def test_a_place_given_to_one_who_leaves_at_that_moment_is_not_lost():
    limiter = Limiter(1)

    async def main():
        async def hold():
            async with limiter:
                await asyncio.sleep(1)

        first = asyncio.ensure_future(hold())
        second = asyncio.ensure_future(hold())
        third = asyncio.ensure_future(hold())
        first.add_done_callback(lambda _: second.cancel())
        await asyncio.wait([first, second, third])
        assert second.cancelled()

    assert run(main()) == pytest.approx(2.0)
