"""Failed logins are counted by address: whoever guesses tokens is soon told to wait."""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from factory.localhub.errors import HubError

MAX_FAILURES = 30
WINDOW_SECONDS = 60.0
_MAX_ADDRESSES = 10_000


class Logins:
    """What each address tried of late, in memory alone.

    After `MAX_FAILURES` in a minute an address gets a 429 for any credential, right or wrong, but for those that were
    accepted from there before: who shares the address with a guesser goes on working.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, deque[float]] = {}
        self._accepted: dict[tuple[str, bytes], None] = {}

    def check(self, address: str, credential: str) -> None:
        """Raise a 429 with `Retry-After` when an address failed too often to try another credential."""
        now = self._clock()
        with self._lock:
            failures = self._failures.get(address, deque())
            while failures and failures[0] <= now - WINDOW_SECONDS:
                failures.popleft()
            if len(failures) < MAX_FAILURES or (address, _digest(credential)) in self._accepted:
                return
            seconds = int(failures[0] + WINDOW_SECONDS - now) + 1
        refusal = HubError(429, f"Too many failed logins from your address: try again in {seconds} seconds")
        refusal.headers["Retry-After"] = str(seconds)
        raise refusal

    def fail(self, address: str) -> None:
        """Count a credential that was not accepted."""
        with self._lock:
            _make_room(self._failures)
            self._failures.setdefault(address, deque(maxlen=MAX_FAILURES)).append(self._clock())

    def succeed(self, address: str, credential: str) -> None:
        """Remember a credential that was accepted."""
        with self._lock:
            _make_room(self._accepted)
            self._accepted[address, _digest(credential)] = None


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode(errors="replace")).digest()


def _make_room(kept: dict[Any, Any]) -> None:
    while len(kept) >= _MAX_ADDRESSES:
        del kept[next(iter(kept))]
