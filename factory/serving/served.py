"""The model that is served, and the bounded pool of threads in which it reads texts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Text
from factory.errors import DataError
from factory.students.classifier import Classifier

MAX_WAITING = 64  # requests beyond those that are being read


@dataclass(frozen=True)
class Served:
    """A loaded model and where it came from; `commit` is None for a folder."""

    model: Classifier
    name: str
    revision: str | None = None
    commit: str | None = None
    others: Mapping[str, Classifier] = field(default_factory=dict)

    def answer(
        self, items: Sequence[Text], top_k: int | Literal["all"] | None = None, name: str | None = None
    ) -> list[Any]:
        """Return what `factory.load` says of each text or, with `top_k`, so many labels, the most likely first.

        `name` is that of one of several modules. Raises DataError for one text where the model reads two, and the
        other way round, and for a name that is not served.
        """
        model = self._find(name)
        if top_k is None:
            return model(items)
        most = None if top_k == "all" else top_k
        return [_rank(model.labels, row)[:most] for row in model.scores(items)]

    def _find(self, name: str | None) -> Classifier:
        if name in (None, self.name):
            return self.model
        if name not in self.others:
            served = ", ".join((self.name, *self.others))
            raise DataError(f"model: {name!r} is not served here; there is {served}")
        return self.others[name]


def _rank(labels: Sequence[str], row: NDArray[np.float32]) -> list[dict[str, Any]]:
    order = np.argsort(-row, kind="stable")
    return [{"label": labels[place], "score": float(row[place])} for place in order]


class BusyError(Exception):
    """As many requests wait as may."""


class Readers:
    """Threads that read texts, as many as processors; a request that would be one too many is refused at once."""

    def __init__(self, served: Served, *, threads: int | None = None, max_waiting: int = MAX_WAITING) -> None:
        self.served = served
        self.under_way = 0
        threads = threads or os.cpu_count() or 1
        self._room = threads + max_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def answer(
        self, items: Sequence[Text], top_k: int | Literal["all"] | None, name: str | None = None
    ) -> list[Any]:
        """Return what `Served.answer` says, leaving the event loop free; raises BusyError when there is no room."""
        if self.under_way >= self._room:
            raise BusyError(f"{self.under_way} requests are under way, which is as many as may; ask again later")
        self.under_way += 1
        reading = asyncio.get_running_loop().run_in_executor(self._pool, self.served.answer, items, top_k, name)
        reading.add_done_callback(self._leave)
        return await reading

    def _leave(self, done: asyncio.Future[list[Any]]) -> None:
        self.under_way -= 1

    def close(self) -> None:
        """Wait for what is being read."""
        self._pool.shutdown()


def load_served(name: str, revision: str | None = None, others: Sequence[str] = ()) -> Served:
    """Load a model by name, as `factory.load`, and find out which commit that was; raises HubError as that does.

    With `others`, all are modules on one copy of their base model.
    """
    from factory.modules.loading import load_together
    from factory.students.loading import load

    model, *rest = load_together([name, *others], revision) if others else [load(name, revision)]
    commit = None if Path(name).is_dir() else _find_commit(name, revision)
    return Served(model, name, revision, commit, dict(zip(others, rest, strict=True)))


def _find_commit(name: str, revision: str | None) -> str | None:
    """Return the commit that the files in the cache are of, as loading left them there."""
    from huggingface_hub import try_to_load_from_cache

    from factory.modules.loading import SIDECAR

    found = (try_to_load_from_cache(name, file, revision=revision) for file in ("config.json", SIDECAR))
    return next((Path(file).parent.name for file in found if isinstance(file, str)), None)
