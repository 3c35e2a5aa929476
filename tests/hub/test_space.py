"""A Space that a Hub builds, starts, or fails to."""

import json
import logging

import pytest

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.space import watch_space
from factory.hub.target import Target
from tests.hub.meddler import meddler

NEW, OLD = "b" * 40, "a" * 40
QUICK = {"poll_seconds": 0.01, "settle_seconds": 0}


@pytest.fixture
def scripted(shared):
    """A Hub that tells these stages of a Space in turn, and these logs of its build and its run."""
    shared.api.create_repo("local/app", repo_type="space", space_sdk="gradio", exist_ok=True)
    with meddler(shared.endpoint) as proxy:

        def script(*stages, build="", run=""):
            for stage in stages:
                proxy.on("GET", "/runtime", lambda stage=stage: stage if isinstance(stage, int) else answer(*stage))
            for kind, text in {"build": build, "run": run}.items():
                events = [f"data: {json.dumps({'data': line, 'timestamp': ''})}\n\n" for line in text.splitlines(True)]
                proxy.on("GET", f"/logs/{kind}", lambda events=events: (200, "".join(events).encode()))
            return Target.at(Access(proxy.endpoint, shared.token))

        yield script


def answer(stage, commit=None):
    hardware = {"current": None, "requested": "cpu-basic"}
    runtime = {"stage": stage, "hardware": hardware, "storage": None, **({"sha": commit} if commit else {})}
    return 200, json.dumps(runtime).encode()


def test_a_space_is_waited_for_until_it_runs_and_each_stage_is_told(scripted, caplog):
    caplog.set_level(logging.INFO, "factory")
    target = scripted(("BUILDING",), ("BUILDING",), ("APP_STARTING",), ("RUNNING",))
    assert watch_space(target, "local/app", NEW, **QUICK) == "RUNNING"
    told = [f"Space local/app on {target.name}: {stage}" for stage in ("BUILDING", "APP_STARTING", "RUNNING")]
    assert caplog.messages[-3:] == told


def test_what_is_told_of_the_commit_before_is_not_believed(scripted):
    slow = {"poll_seconds": 0.01, "settle_seconds": 60}
    stages = [("RUNNING", OLD), ("NO_APP_FILE",), ("RUNTIME_ERROR", OLD), ("RUNNING_BUILDING", OLD), ("RUNNING", OLD)]
    assert watch_space(scripted(*stages), "local/app", NEW, **slow) == "RUNNING"
    assert watch_space(scripted(("RUNNING", OLD), ("RUNNING", NEW)), "local/app", NEW, **slow) == "RUNNING"


def test_a_hub_that_does_not_say_of_which_commit_is_believed_after_a_while(scripted):
    assert watch_space(scripted(("RUNNING",)), "local/app", NEW, **QUICK) == "RUNNING"


def test_a_hub_that_is_busy_is_asked_again(scripted):
    target = scripted(503, ("BUILDING",), 429, 502, ("RUNNING",))
    assert watch_space(target, "local/app", NEW, **QUICK) == "RUNNING"


def test_a_hub_that_refuses_is_named(scripted):
    with pytest.raises(HubError, match=r"^Space local/app on .* does not allow that with this token"):
        watch_space(scripted(403), "local/app", NEW, **QUICK)


@pytest.mark.parametrize(
    ("stage", "logs", "shown"),
    [
        ("BUILD_ERROR", {"build": "step 1\nERROR: No matching distribution\n", "run": "old"}, "step 1\n  ERROR: No"),
        ("RUNTIME_ERROR", {"build": "built\n", "run": "Traceback\nValueError: no\n"}, "Traceback\n  ValueError: no"),
        ("CONFIG_ERROR", {"run": "no sdk_version 99\n"}, "no sdk_version 99"),
        ("RUNTIME_ERROR", {}, "nothing"),
    ],
)
def test_the_end_of_the_log_of_a_failure_is_shown(scripted, caplog, stage, logs, shown):
    target = scripted(("BUILDING",), (stage,), **logs)
    assert watch_space(target, "local/app", NEW, **QUICK) == stage
    assert f"does not run ({stage}); it said last:\n  {shown}" in caplog.text


def test_a_space_that_takes_too_long_is_left_to_its_page(scripted, caplog):
    target = scripted(*[("BUILDING",)] * 9)
    assert watch_space(target, "local/app", NEW, timeout_seconds=0.03, **QUICK) == "BUILDING"
    assert f"has not started after 0 s (BUILDING); look at {target.endpoint}/spaces/local/app" in caplog.text


def test_a_hub_that_runs_no_spaces_says_so(shared, caplog):
    shared.api.create_repo("local/still", repo_type="space", space_sdk="gradio", exist_ok=True)
    head = shared.api.repo_info("local/still", repo_type="space").sha
    assert watch_space(shared, "local/still", head) == "NO_APP_FILE"
    assert "it said last:\n  This Hub keeps Spaces and does not run them." in caplog.text
