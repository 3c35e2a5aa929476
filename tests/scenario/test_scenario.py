"""The start of the scenario against the embedded Hub; `python -m tests.scenario` runs all of it."""

import subprocess
import sys


def run(*arguments):
    command = [sys.executable, "-m", "tests.scenario", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_first_steps_are_as_on_any_hub():
    done = run("--first", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("4 of 4 steps on http://127.0.0.1:")


def test_another_hub_needs_a_namespace_and_a_token():
    done = run("--endpoint", "http://127.0.0.1:9", "--namespace", "me")
    assert done.returncode == 2
    assert "--endpoint needs --namespace and a token in HF_TOKEN" in done.stderr
