"""Whether a published Space has started, and what it said when it did not."""

from __future__ import annotations

import logging
from itertools import islice

from factory.hub.faults import FAULTS, explained
from factory.hub.target import Target

FAILED = ("BUILD_ERROR", "CONFIG_ERROR", "RUNTIME_ERROR", "NO_APP_FILE")
TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 5.0
SHOWN_LINES, MAX_LINES = 20, 2_000
log = logging.getLogger("factory")


def watch_space(
    target: Target, repo_id: str, *, timeout_seconds: float = TIMEOUT_SECONDS, poll_seconds: float = POLL_SECONDS
) -> str:
    """Wait until a Hub has built and started a Space, or could not, and return its stage.

    What went wrong is logged with the end of the Space's own log; the release stands, as its other repositories do.
    Raises HubError when the Hub does not tell.
    """
    place = f"Space {repo_id} on {target.name}"
    with explained(place):
        try:
            stage = str(target.api.wait_for_space(repo_id, timeout=timeout_seconds, poll_interval=poll_seconds).stage)
        except TimeoutError:
            log.warning("%s has not started after %d s; look at its page", place, timeout_seconds)
            return "BUILDING"
    if stage in FAILED:
        log.warning("%s does not run (%s); it said last:\n%s", place, stage, _read_log(target, repo_id, stage))
    else:
        log.info("%s: %s", place, stage)
    return stage


def _read_log(target: Target, repo_id: str, stage: str) -> str:
    """Return the last lines of the log of the build, or of the run; a Hub may keep none."""
    try:
        said = target.api.fetch_space_logs(repo_id, build=stage == "BUILD_ERROR")
        lines = "".join(islice(said, MAX_LINES)).splitlines()
    except FAULTS:
        lines = []
    return "\n".join(f"  {line}" for line in lines[-SHOWN_LINES:]) or "  nothing"
