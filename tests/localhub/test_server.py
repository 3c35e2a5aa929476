import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from factory.localhub.admin import verify
from factory.localhub.server import Started, serve
from tests.localhub.conftest import ROOT, RunningHub, start_hub


def test_the_first_line_tells_where_it_is_and_the_token_works(tmp_path):
    with start_hub(tmp_path / "hub") as hub:
        assert HfApi(endpoint=hub.endpoint, token=hub.tokens["local"]).whoami()["name"] == "local"


def test_each_start_has_a_token_of_its_own_that_ends_with_it(tmp_path):
    with start_hub(tmp_path) as first:
        old = first.tokens["local"]
    with start_hub(tmp_path) as second:
        assert second.tokens["local"] != old
        assert second.request("GET", "/api/whoami-v2", token=old).status == 401


def test_what_was_committed_is_there_after_a_restart(tmp_path):
    with start_hub(tmp_path) as hub:
        repo_id = hub.repo(user="local")
        hub.commit(repo_id, {"a.txt": "kept"}, user="local")
        sha = hub.api("local").model_info(repo_id).sha
    with start_hub(tmp_path) as hub:
        assert hub.read(repo_id, "a.txt", user="local") == b"kept"
        assert hub.api("local").model_info(repo_id).sha == sha


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish_and_ends_with_0(tmp_path, number):
    with start_hub(tmp_path) as hub:
        repo_id = hub.repo(user="local")
        content = os.urandom(2_000_000)
        oid = hashlib.sha256(content).hexdigest()
        body = {"operation": "upload", "objects": [{"oid": oid, "size": len(content)}]}
        plan = hub.request("POST", f"/{repo_id}.git/info/lfs/objects/batch", user="local", body=body).json()
        path = plan["objects"][0]["actions"]["upload"]["href"].removeprefix(hub.endpoint)
        host, port = hub.endpoint.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            head = f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(content)}\r\n\r\n"
            slow.sendall(head.encode() + content[:1_000_000])
            time.sleep(0.2)
            hub.process.send_signal(number)
            time.sleep(0.2)
            slow.sendall(content[1_000_000:])
            assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        assert hub.process.wait(10) == 0
    assert (tmp_path / "blobs" / oid[:2] / oid).read_bytes() == content


def test_a_kill_in_the_middle_leaves_a_hub_that_verifies(tmp_path):
    command = [sys.executable, "-m", "factory.localhub", "--root", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        started = json.loads(process.stdout.readline())
        hub = RunningHub(tmp_path, started["endpoint"], {"local": started["token"]}, process)
        hub.api("local").create_repo("local/m")
        done = []

        def commit_until_killed():
            with suppress(OSError, http.client.HTTPException):
                for number in range(1000):
                    assert hub.commit("local/m", {"n.txt": str(number)}, user="local").status == 200
                    done.append(number)

        thread = threading.Thread(target=commit_until_killed)
        thread.start()
        while len(done) < 10:
            time.sleep(0.01)
        process.kill()
        thread.join()
    assert verify(tmp_path) == []
    with start_hub(tmp_path) as hub:
        assert int(hub.read("local/m", "n.txt", user="local")) in (done[-1], done[-1] + 1)


def test_an_address_in_use_is_an_error_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            serve(tmp_path, port=taken.getsockname()[1], ready=lambda started: None)


def test_an_idle_hub_is_small_and_its_directory_private(tmp_path):
    with start_hub(tmp_path / "hub") as hub:
        hub.request("GET", "/api/models")
        status = Path(f"/proc/{hub.process.pid}/status")
        if status.exists():
            resident = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
            assert int(resident) < 80 * 1024
    assert (tmp_path / "hub").stat().st_mode & 0o077 == 0
    assert (tmp_path / "hub" / "secret").stat().st_mode & 0o077 == 0


def test_started_is_a_value():
    one = Started("http://127.0.0.1:1", "t", ROOT, "local")
    assert one == Started("http://127.0.0.1:1", "t", ROOT, "local")
    with pytest.raises(AttributeError):
        one.token = "x"


def test_the_hub_imports_neither_the_factory_nor_its_clients():
    code = (
        "import sys, factory.localhub.server, factory.localhub.admin; "
        "print([m for m in sys.modules if m.startswith(('huggingface_hub', 'datasets', 'torch', 'pydantic'))], "
        "[m for m in sys.modules if m.startswith('factory.') and not m.startswith('factory.localhub')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
