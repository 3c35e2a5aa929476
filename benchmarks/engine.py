"""Asking a server many things at once: a rate limit, a slow server, and the work beside a bare httpx2 client.

The bare client is not the teacher's, which is aiohttp: it posts requests of about the same size with as many at once,
and parses the answers; it has no prompt to make, no ledger and no budget.

The runs are long enough (half a minute, ten waves) for their ends not to count: the first call goes alone, and one
that is refused near the end waits out its second. The server has a process of its own; its work is told as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

import httpx2

from benchmarks.chat_server import BURST_SECONDS, serving
from benchmarks.measure import show
from factory.recipe import Budget, HttpTeacher, Task
from factory.teacher import Usage
from factory.teacher.client import ChatTeacher

TASK = Task(text="A text", question="Which?", labels={"even": "even length", "odd": "odd length"})
RATE = 150
SLOW_SECONDS = 1.0
HEADERS = {"content-type": "application/json"}


def run() -> None:
    """Print the goodput under a rate limit, the rate of a slow server, and the CPU time of a call."""
    with serving(0) as server:
        _label(server, calls=16, at_once=4)  # what is imported at the first call is no work of a call
    show(*_meet_rate_limit(calls=4500), *_meet_slowness(calls=2560), *_spend_time(calls=2000))


def _meet_rate_limit(calls: int) -> list[tuple[str, str]]:
    with serving(0.1, RATE) as server:
        seconds, _, usage = _label(server, calls, at_once=128)
    with serving(0.1, RATE) as server:
        bare, _ = _ask(server, calls, at_once=128)
    ideal = (calls - RATE * BURST_SECONDS) / RATE
    return [
        (f"goodput of a limit of {RATE} calls per second, 128 at once", f"{ideal / seconds:.1%}"),
        ("    a bare httpx2 client, waiting as it is told", f"{ideal / bare:.1%}"),
        ("    calls that were refused", f"{usage.retries / usage.calls:.0%}"),
    ]


def _meet_slowness(calls: int) -> list[tuple[str, str]]:
    with serving(SLOW_SECONDS) as server:
        seconds, _, usage = _label(server, calls, at_once=256)
        bare, _ = _ask(server, calls, at_once=256)
    return [
        ("calls per second, 256 at once at 1 s each", f"{calls / seconds:.0f} of {256 / SLOW_SECONDS:.0f}"),
        ("    a bare httpx2 client", f"{calls / bare:.0f}"),
        ("    calls that were lost to a time-out", f"{usage.calls - calls}"),
    ]


def _spend_time(calls: int) -> list[tuple[str, str]]:
    before = sum(os.times()[2:4])  # of children that have ended
    with serving(0.01) as server:
        work = min(_label(server, calls, at_once=16)[1] for _ in range(2))
        bare = min(_ask(server, calls, at_once=16)[1] for _ in range(2))
    served = sum(os.times()[2:4]) - before
    return [
        ("CPU of a call", f"{work / calls * 1e3:.2f} ms = {work / bare:.2f} x a bare httpx2 client"),
        ("    in the server", f"{served / calls / 4 * 1e3:.2f} ms"),
    ]


def _label(server: str, calls: int, at_once: int) -> tuple[float, float, Usage]:
    texts = [f"this is text number {number}" for number in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        settings = HttpTeacher(model="constant", base_url=server, concurrency=at_once)
        ledger = Path(folder, "teacher.sqlite")
        teacher = ChatTeacher(settings, recipe="bench", budget=Budget(calls=10 * calls), ledger=ledger)
        started, worked = time.monotonic(), time.process_time()
        answers = teacher.label(texts, TASK)
        seconds, work = time.monotonic() - started, time.process_time() - worked
    assert {answer.label for answer in answers} == {"even"}
    return seconds, work, teacher.usage


def _ask(server: str, calls: int, at_once: int) -> tuple[float, float]:
    """Send as many calls, as many at once, with httpx2 alone; return the seconds and the CPU seconds."""
    body = json.dumps({"model": "constant", "messages": [{"role": "user", "content": "x" * 1000}]}).encode()
    started, worked = time.monotonic(), time.process_time()
    asyncio.run(_post(f"{server}/chat/completions", body, calls, at_once))
    return time.monotonic() - started, time.process_time() - worked


async def _post(url: str, body: bytes, calls: int, at_once: int) -> None:
    left = iter(range(calls))
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)

    async def work(client: httpx2.AsyncClient) -> None:
        for _ in left:
            while (response := await client.post(url, content=body, headers=HEADERS)).status_code == 429:
                await asyncio.sleep(float(response.headers["retry-after"]))
            assert response.json()["choices"]

    async with httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(work(client) for _ in range(at_once)))
