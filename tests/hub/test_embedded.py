"""The embedded Hub as a child process: there for a block, and never longer than its parent."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from factory.errors import HubError
from factory.hub.embedded import embedded_hub

HOLD = """
import sys, time
from pathlib import Path
from factory.hub.embedded import embedded_hub
with embedded_hub(Path(sys.argv[1])) as access:
    print(access.endpoint, flush=True)
    time.sleep(600)
"""


def is_answered(endpoint):
    import httpx2

    try:
        return httpx2.get(f"{endpoint}/api/models").status_code == 200
    except httpx2.ConnectError:
        return False


def test_it_answers_inside_the_block_and_is_gone_after_it(tmp_path):
    with embedded_hub(tmp_path / "hub") as access:
        assert access.user == "local"
        assert is_answered(access.endpoint)
    assert not is_answered(access.endpoint)


def test_two_at_once_share_a_folder_and_take_different_ports(tmp_path):
    with embedded_hub(tmp_path / "hub") as one, embedded_hub(tmp_path / "hub") as other:
        assert one.endpoint != other.endpoint
        assert is_answered(one.endpoint)
        assert is_answered(other.endpoint)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_its_parent_is_killed(tmp_path, number):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "hub")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        endpoint = parent.stdout.readline().decode().strip()
        (child,) = psutil.Process(parent.pid).children()
        os.kill(parent.pid, number)
    _, alive = psutil.wait_procs([child], timeout=30)
    assert not alive
    assert not is_answered(endpoint)


def test_a_folder_that_cannot_hold_a_hub_is_one_sentence(tmp_path):
    (tmp_path / "hub").write_text("a file")
    with (
        pytest.raises(HubError, match=r"hub: the embedded Hub did not start \(.*hub.*\); check"),
        embedded_hub(tmp_path / "hub"),
    ):
        time.sleep(0)
