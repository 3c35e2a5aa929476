"""Read a server's reply to a question about a label, as the recipe asked for it."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache

from factory.recipe import HttpTeacher, Task
from factory.teacher import Answer
from factory.teacher.answers import CUT_OFF, FILTERED, REFUSED, open_reader
from factory.teacher.logprobs import read_probabilities
from factory.teacher.wire import Reply

log = logging.getLogger("factory")
WITHOUT_LABEL = {"cut off": CUT_OFF, "filtered": FILTERED, "refused": REFUSED}
NOTABLE_SHARE = 0.01  # of the probability, lost to words that are no label


class ReplyReader:
    """Reads the label out of each reply and, where they were asked for, the probabilities of all labels."""

    def __init__(self, settings: HttpTeacher, task: Task) -> None:
        # those who keep to a schema say the same few things
        self._read = lru_cache(maxsize=1024)(open_reader(task).read)
        self._names = task.names
        self._wants_probabilities = settings.logprobs
        self._sums: list[float] = []
        self._without = 0

    def read(self, reply: Reply) -> Answer:
        """Return the label and its probability as `confidence`, or no label and the reason."""
        if reason := WITHOUT_LABEL.get(reply.outcome):
            return Answer(None, reason)
        answer = self._read(reply.content)
        if not self._wants_probabilities or answer.label is None:
            return answer
        probabilities = read_probabilities(reply.body, self._names)
        if probabilities is None:
            self._without += 1
            return answer
        self._sums.append(sum(probabilities.values()))
        return replace(answer, confidence=probabilities[answer.label], probabilities=probabilities)

    def report(self, name: str) -> None:
        """Say how many answers came without probabilities, and what share of the others went to no label."""
        if self._without:
            read = len(self._sums) + self._without
            log.warning("%s: %d of %d answers came without probabilities of labels", name, self._without, read)
        if self._sums and (share := 1 - sum(self._sums) / len(self._sums)) > NOTABLE_SHARE:
            log.warning("%s: %.1f %% of the probability went to words that are no label", name, 100 * share)
