"""Run a coroutine so that Ctrl-C loses nothing: the first ends it in order, the second at once."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

log = logging.getLogger("factory")
Value = TypeVar("Value")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """The run is ending: nothing new is sent."""


def run(main: Coroutine[Any, Any, Value], end: Callable[[], None]) -> Value:
    """Return what `main` returns; on SIGINT or SIGTERM call `end`, wait for `main`, then raise the signal again.

    Where a loop is running already (a notebook), `main` gets a thread of its own.
    """
    if _is_loop_running():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, main).result()
    received: list[signal.Signals] = []

    async def listen() -> Value:
        with _listening(received, end):
            return await main

    try:
        return asyncio.run(listen())
    except (Stopped, asyncio.CancelledError):
        if not received:
            raise
        raise KeyboardInterrupt from None
    finally:
        if received:
            signal.raise_signal(received[0])


@contextmanager
def _listening(received: list[signal.Signals], end: Callable[[], None]) -> Iterator[None]:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()

    def hear(number: signal.Signals) -> None:
        if received and task:
            task.cancel()
        received.append(number)
        log.warning("finishing the calls in flight; once more to leave at once")
        end()

    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if is_main}
    heard = [number for number in before if before[number] is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, hear, number)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
