"""Whether a published Space has started, and what it said when it did not."""

from __future__ import annotations

import logging
import time
from itertools import islice
from typing import TYPE_CHECKING

from factory.hub.faults import FAULTS, explained, is_worth_another_look
from factory.hub.history import Repo
from factory.hub.target import Target

if TYPE_CHECKING:
    from huggingface_hub import SpaceRuntime

WORKING = frozenset({"BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING"})
FAILED = ("BUILD_ERROR", "CONFIG_ERROR", "RUNTIME_ERROR", "NO_APP_FILE")
TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 5.0
SETTLE_SECONDS = 30.0
SHOWN_LINES, MAX_LINES = 20, 2_000
log = logging.getLogger("factory")


def watch_space(
    target: Target,
    repo_id: str,
    commit: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    poll_seconds: float = POLL_SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
) -> str:
    """Wait until a Hub has built and started a Space at a commit, or could not, and return its last stage.

    A Hub tells of the commit before for a while: an end is believed when it names this commit, after work on it was
    seen, or after `settle_seconds`. What went wrong is logged with the end of the Space's own log; the release stands,
    as its other repositories do. Raises HubError when the Hub does not tell.
    """
    place, started, stage, is_new = f"Space {repo_id} on {target.name}", time.monotonic(), "", False
    while (seconds := time.monotonic() - started) <= timeout_seconds:
        runtime = _ask(target, repo_id, place)
        if runtime and runtime.stage != stage:
            stage = str(runtime.stage)
            log.info("%s: %s", place, stage)
        is_new = is_new or stage in WORKING or bool(runtime and runtime.raw.get("sha") == commit)
        if stage and stage not in WORKING and (is_new or seconds >= settle_seconds):
            _tell_end(target, repo_id, place, stage)
            return stage
        time.sleep(poll_seconds)
    page = Repo("space", repo_id, "").url(target.endpoint)
    log.warning("%s has not started after %d s (%s); look at %s", place, timeout_seconds, stage or "no answer", page)
    return stage


def _ask(target: Target, repo_id: str, place: str) -> SpaceRuntime | None:
    """Return the runtime of a Space, None where the Hub may answer the next time."""
    with explained(place):
        try:
            return target.api.get_space_runtime(repo_id)
        except FAULTS as fault:
            if is_worth_another_look(fault):
                return None
            raise


def _tell_end(target: Target, repo_id: str, place: str, stage: str) -> None:
    if stage in FAILED:
        log.warning("%s does not run (%s); it said last:\n%s", place, stage, _read_log(target, repo_id, stage))
    elif target.is_embedded:
        log.info("it is kept here and not run; to run it: factory demo %s", repo_id)


def _read_log(target: Target, repo_id: str, stage: str) -> str:
    """Return the last lines of the log of the build, or of the run; of the other where that has none."""
    is_build = stage != "RUNTIME_ERROR"
    lines = _fetch_lines(target, repo_id, is_build=is_build) or _fetch_lines(target, repo_id, is_build=not is_build)
    return "\n".join(f"  {line}" for line in lines[-SHOWN_LINES:]) or "  nothing"


def _fetch_lines(target: Target, repo_id: str, *, is_build: bool) -> list[str]:
    try:
        said = target.api.fetch_space_logs(repo_id, build=is_build)
        return "".join(islice(said, MAX_LINES)).splitlines()
    except FAULTS:
        return []
