"""The text box of a model's page: the model runs here, on what a reader typed."""

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass, field
from pathlib import Path

from factory.localhub.blobs import BlobStore
from factory.localhub.calls import Call
from factory.localhub.repos import Repo
from factory.localhub.trees import Entry

MAX_CHARACTERS = 1000
_MAX_MODELS = 2
_MAX_BYTES = 2 * 2**30
_MAX_WAITING = 4
_WAIT_SECONDS = 20.0
_MAX_LABELS = 10
Score = tuple[str, float]
Classify = Callable[[str], Sequence[Score]]


@dataclass(frozen=True)
class Runtime:
    """What runs models: `can_open` tells by the paths and the model type, `open` reads a folder.

    `open` gives a function from a text to labels with their probabilities, best first. Both it and that function
    raise a ValueError that says why a model or a text cannot be read.
    """

    can_open: Callable[[Collection[str], str], bool]
    open: Callable[[Path], Classify]


@dataclass(frozen=True)
class Answer:
    """What a page shows below its text box: nothing yet, scores in percent, or what the trouble is."""

    text: str = ""
    scores: list[Score] = field(default_factory=list)
    trouble: str = ""


class Runner:
    """Runs models one text at a time in a thread of its own and keeps the two that were used last."""

    def __init__(self, runtime: Runtime, blobs: BlobStore) -> None:
        self._runtime, self._blobs = runtime, blobs
        self._open: OrderedDict[str, tuple[Classify, tempfile.TemporaryDirectory[str]]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._room = threading.Semaphore(_MAX_WAITING)

    def can_run(self, repo: Repo, files: Mapping[str, Entry], model_type: str) -> bool:
        size = sum(entry.size for entry in files.values())
        return repo.type == "model" and size <= _MAX_BYTES and self._runtime.can_open(files.keys(), model_type)

    def run(self, tree: str, files: Mapping[str, Entry], text: str) -> Answer:
        """Return what the model of a tree says of a text, or that it is too busy or too slow to say it."""
        if not self._room.acquire(blocking=False):
            return Answer(text, trouble="Others are waiting for an answer already: try again in a moment.")
        running = self._thread.submit(self._run, tree, files, text)
        running.add_done_callback(lambda _: self._room.release())
        try:
            return Answer(text, running.result(_WAIT_SECONDS))
        except OutOfTime:
            running.cancel()
            return Answer(text, trouble=f"There was no answer within {_WAIT_SECONDS:.0f} seconds: try again.")
        except ValueError as fault:
            return Answer(text, trouble=f"The model cannot say: {fault}")

    def close(self) -> None:
        """Forget the models; a text that is being read is read to its end."""
        self._thread.shutdown(cancel_futures=True)
        while self._open:
            self._open.popitem()[1][1].cleanup()

    def _run(self, tree: str, files: Mapping[str, Entry], text: str) -> list[Score]:
        if tree not in self._open:
            while len(self._open) >= _MAX_MODELS:
                self._open.popitem(last=False)[1][1].cleanup()
            self._open[tree] = self._read(files)
        self._open.move_to_end(tree)
        return [(label, 100 * share) for label, share in self._open[tree][0](text)][:_MAX_LABELS]

    def _read(self, files: Mapping[str, Entry]) -> tuple[Classify, tempfile.TemporaryDirectory[str]]:
        folder = tempfile.TemporaryDirectory(prefix="hub-model-", ignore_cleanup_errors=True)
        try:
            self._link(Path(folder.name), files)
            return self._runtime.open(Path(folder.name)), folder
        except ValueError:
            folder.cleanup()
            raise

    def _link(self, folder: Path, files: Mapping[str, Entry]) -> None:
        for path, entry in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self._blobs.path(entry.sha256).resolve())


def answer_text(call: Call, repo: Repo, tree: str, files: Mapping[str, Entry], model_type: str) -> Answer | None:
    """Return what the model says of the query's `text`, None where this Hub cannot run it."""
    runner, text = call.runner, call.query.get("text", "").strip()
    if runner is None or not runner.can_run(repo, files, model_type):
        return None
    if not text:
        return Answer()
    if len(text) > MAX_CHARACTERS:
        shown = text[:MAX_CHARACTERS]
        return Answer(shown, trouble=f"A text has at most {MAX_CHARACTERS} characters here, this one {len(text)}.")
    return runner.run(tree, files, text)
