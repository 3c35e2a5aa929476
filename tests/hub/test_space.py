"""A Space that a Hub builds, starts, or fails to."""

import json
import logging

import pytest

from factory.hub.embedded import Access
from factory.hub.space import watch_space
from factory.hub.target import Target
from tests.hub.meddler import meddler


@pytest.fixture
def scripted(shared):
    """A Hub that tells these stages of a Space in turn, and this log of its build."""
    shared.api.create_repo("local/app", repo_type="space", space_sdk="gradio", exist_ok=True)
    with meddler(shared.endpoint) as proxy:

        def script(*stages, log=""):
            for stage in stages:
                runtime = {"stage": stage, "hardware": {"current": None, "requested": "cpu-basic"}, "storage": None}
                proxy.on("GET", "/runtime", lambda runtime=runtime: (200, json.dumps(runtime).encode()))
            lines = "".join(
                f"data: {json.dumps({'data': line, 'timestamp': ''})}\n\n" for line in log.splitlines(True)
            )
            proxy.on("GET", "/logs/build", lambda: (200, lines.encode()))
            return Target.at(Access(proxy.endpoint, shared.token))

        yield script


def test_a_space_is_waited_for_until_it_runs(scripted, caplog):
    caplog.set_level(logging.INFO, "factory")
    target = scripted("BUILDING", "APP_STARTING", "RUNNING")
    assert watch_space(target, "local/app", poll_seconds=0.01) == "RUNNING"
    assert caplog.messages[-1] == f"Space local/app on {target.name}: RUNNING"


def test_the_end_of_the_log_of_a_failed_build_is_shown(scripted, caplog):
    target = scripted("BUILDING", "BUILD_ERROR", log="step 1\nERROR: No matching distribution found for gradioo\n")
    assert watch_space(target, "local/app", poll_seconds=0.01) == "BUILD_ERROR"
    assert "does not run (BUILD_ERROR); it said last:\n  step 1\n  ERROR: No matching" in caplog.text


def test_a_space_that_takes_too_long_is_left_to_its_page(scripted, caplog):
    target = scripted(*["BUILDING"] * 9)
    assert watch_space(target, "local/app", timeout_seconds=0, poll_seconds=0.01) == "BUILDING"
    assert "has not started after 0 s; look at its page" in caplog.text


def test_a_hub_that_runs_no_spaces_says_so(shared, caplog):
    shared.api.create_repo("local/still", repo_type="space", space_sdk="gradio", exist_ok=True)
    assert watch_space(shared, "local/still") == "NO_APP_FILE"
    assert "it said last:\n  nothing" in caplog.text
