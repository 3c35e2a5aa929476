"""What the outcomes so far say of a server: try again, leave this text unanswered, or stop the run.

A server that was reached is given time to come back. One that never answered, that fails text after text or more than
half of the last BREAKER_TEXTS ends the run, before it is paid for nothing.
"""

from __future__ import annotations

import time
from collections import Counter, deque

from factory.errors import TeacherError
from factory.recipe import HttpTeacher
from factory.teacher.wire import Fault, Kind

START_SECONDS = 2.0  # for a server that was never reached
OUTAGE_SECONDS = 120.0  # for a server that was reached before
MAX_WAIT_SECONDS = 120.0  # a Retry-After beyond it stops the run
MAX_LOST_TEXTS = 3  # in a row, without an answer between them: it is not the texts
BREAKER_TEXTS = 50


class Health:
    """The record of one run with one server; `answered` is the moment of its last answer."""

    def __init__(self, teacher: HttpTeacher) -> None:
        self.answered: float | None = None
        self._teacher = teacher
        self._began = time.monotonic()
        self._lost = 0
        self._recent: deque[str | None] = deque(maxlen=BREAKER_TEXTS)  # the reason of a text without an answer

    def note_answer(self) -> None:
        """Note that a text was answered."""
        self.answered = time.monotonic()
        self._lost = 0
        self._recent.append(None)

    def counts(self, fault: Fault, began: float) -> bool:
        """Return whether a call that began then was an attempt; a rate limit is none while others are answered."""
        is_busy_with_others = fault.kind is Kind.BUSY and self.answered is not None and self.answered > began
        return fault.kind is not Kind.UNREACHED and not is_busy_with_others

    def check(self, fault: Fault, attempts: int) -> None:
        """Raise `fault` if its text stays unanswered, TeacherError if the run has to stop; otherwise try again."""
        if (fault.wait_seconds or 0) > MAX_WAIT_SECONDS:
            wait = f"asks to wait {fault.wait_seconds:.0f} s ({fault.reason})"
            raise TeacherError(f"{self._teacher.base_url} {wait}; run again then: answers so far are kept")
        if fault.kind is Kind.UNREACHED:
            limit = START_SECONDS if self.answered is None else OUTAGE_SECONDS
            if time.monotonic() - (self.answered or self._began) > limit:
                raise TeacherError(self._explain(fault))
        elif fault.kind is Kind.REJECTED or attempts >= self._teacher.max_attempts:
            self._give_up(fault)

    def _give_up(self, fault: Fault) -> None:
        is_first = self.answered is None
        self._recent.append(fault.reason)
        self._lost += is_first or fault.kind is not Kind.REJECTED
        is_unwell = is_first and fault.kind not in (Kind.BROKEN, Kind.REJECTED)
        if is_unwell or self._lost >= MAX_LOST_TEXTS:
            raise TeacherError(self._explain(fault))
        reasons = Counter(reason for reason in self._recent if reason)
        if 2 * reasons.total() > BREAKER_TEXTS:
            counted = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
            raise TeacherError(
                f"{self._teacher.base_url} left {reasons.total()} of the last {len(self._recent)} texts unanswered "
                f"({counted}); correct the cause and run again: answers so far are kept"
            )
        raise fault

    def _explain(self, fault: Fault) -> str:
        server = self._teacher.base_url
        said = f"{fault.reason}: {fault.detail}" if fault.detail else fault.reason
        if fault.kind is Kind.UNREACHED:
            return f"{server} cannot be reached ({said}); start it or correct `teacher.base_url`, and run again"
        return f"{server} gives no usable answers ({said}); answers so far are kept: run again when it is well"
