"""How many calls one server bears at once: a little more with each answer, less when it says "too many".

Additive increase and one multiplicative decrease in a window, as in TCP; the decrease is in proportion to the share of
refusals, as in DCTCP (Alizadeh et al., 2010), so that a server which refuses at random is not mistaken for a full one.
The limit bounds the calls on the wire only: a call that waits out its own Retry-After takes no place, and no other
call waits with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

MAX_CUT = 0.25  # when all are refused
WINDOW_SECONDS = 0.5  # one cut for all the refusals of calls that were under way together
MAX_ANSWERS = 25  # for one place more


class Limiter:
    """Places for the calls to one server and model, at most `most` of them; an async context manager is one place."""

    def __init__(self, most: int) -> None:
        self.limit = float(most)
        self._most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_cut = 0.0
        self._answers = self._refusals = 0  # since the last cut

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
        """Raise the limit by one for as many answers as it has places, or for MAX_ANSWERS if it has more."""
        self._answers += 1
        self.limit = min(self._most, self.limit + 1 / min(self.limit, MAX_ANSWERS))
        self._admit()

    def note_refusal(self) -> None:
        """Cut the limit, once in a window, since one burst is refused many times."""
        self._refusals += 1
        now = asyncio.get_running_loop().time()
        if now >= self._next_cut:
            share = self._refusals / (self._refusals + self._answers)
            self.limit = max(1.0, self.limit * (1 - MAX_CUT * share))
            self._answers = self._refusals = 0
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
