"""Of those who have the same question, one asks at a time: the others wait, and then find its answer in the ledger.

That holds in this process and between processes that share a ledger. Each question under way locks one byte of a file
beside the ledger, at a place that its key gives; the kernel frees the bytes of a process that dies, however it does.
"""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path
from threading import Lock

KEY_DIGITS = 15  # hexadecimal; a place in a file has 63 bits


class Turns:
    """The questions under way of all who share the file; open it with `open_turns`, once in a process."""

    def __init__(self, path: Path) -> None:
        # locks belong to the process: closing any descriptor of the file would free them all, so it is never closed
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._mine: set[int] = set()
        self._lock = Lock()

    def take(self, key: str) -> bool:
        """Return whether it is the caller's turn to ask `key`, a hexadecimal digest."""
        place = int(key[:KEY_DIGITS], 16)
        with self._lock:
            if place in self._mine:
                return False
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):
                return False
            self._mine.add(place)
            return True

    def give(self, key: str) -> None:
        """End the turn that `take` began."""
        place = int(key[:KEY_DIGITS], 16)
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
            self._mine.discard(place)


_opening = Lock()
_open = cache(Turns)


def open_turns(path: Path) -> Turns:
    """Return the turns of an absolute path, the same ones each time and to each thread."""
    with _opening:  # or two threads that come at once would get two, and neither would wait for the other
        return _open(path)
