"""How many calls one server bears at once: a little more with each answer, a quarter less when it says "too many".

Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain, 1989). The limit bounds the calls on the
wire only: a call that waits out its own Retry-After takes no place, and no other call waits with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType

CUT = 0.75
WINDOW_SECONDS = 0.5  # one cut for all the refusals of calls that were under way together


class Limiter:
    """Places for the calls to one server and model, at most `most` of them; an async context manager is one place."""

    def __init__(self, most: int) -> None:
        self.limit = float(most)
        self._most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_cut = 0.0

    async def __aenter__(self) -> None:
        if self._taken < int(self.limit):
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came, and nobody is left to take it
                self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def note_answer(self) -> None:
        """Raise the limit by one for as many answers as it has places."""
        self.limit = min(self._most, self.limit + 1 / self.limit)
        self._admit()

    def note_refusal(self) -> None:
        """Cut the limit, once in a window, since one burst is refused many times."""
        now = time.monotonic()
        if now >= self._next_cut:
            self.limit = max(1.0, self.limit * CUT)
            self._next_cut = now + WINDOW_SECONDS

    def _leave(self) -> None:
        self._taken -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._taken < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
