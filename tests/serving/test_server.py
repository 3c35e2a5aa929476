"""The service as a process: its first line, its log, its end, and what keeps it from starting."""

import json
import signal
import socket
import subprocess
import sys
import time
import uuid

import httpx2
import pytest

from factory.errors import FactoryError, HubError
from factory.hub.embedded import embedded_hub
from factory.serving.server import serve
from factory.students.loading import load
from tests.serving.conftest import started

SECRET = "a very private sentence about soup"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_request_finish_and_ends_with_0(model, number):
    body = json.dumps({"texts": [SECRET] * 3}).encode()
    with started(str(model)) as (process, line):
        host, port = line["endpoint"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            head = "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            slow.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:20])
            time.sleep(0.2)
            process.send_signal(number)
            time.sleep(0.2)
            slow.sendall(body[20:])
            reply = b"".join(iter(lambda: slow.recv(65536), b""))
        assert process.wait(30) == 0
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.count(b'"label"') == 3


def test_the_log_holds_nothing_of_what_was_asked(model):
    with started(str(model)) as (process, line), httpx2.Client(base_url=line["endpoint"], trust_env=False) as client:
        assert client.post("/classify", json={"text": SECRET}).status_code == 200
        assert client.post("/classify", json={"text": [SECRET]}).status_code == 422
        assert client.post("/classify", content=SECRET).status_code == 422
        assert client.get(f"/{SECRET}").status_code == 404
        client.close()
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=30)
    assert (out, log) == ("", f"next: open {line['endpoint']}/docs\n")


def test_a_model_of_a_hub_is_served_by_name_and_its_commit_is_told(model, tmp_path):
    from huggingface_hub import HfApi

    with embedded_hub(tmp_path / "hub") as access:
        api = HfApi(endpoint=access.endpoint, token=access.token)
        repo_id = f"{access.user}/toy-{uuid.uuid4().hex[:8]}"
        api.create_repo(repo_id)
        commit = api.upload_folder(repo_id=repo_id, folder_path=model).oid
        api.create_tag(repo_id, tag="release-1")
        hub = {"HF_ENDPOINT": access.endpoint, "HF_TOKEN": access.token}
        with started(repo_id, "--revision", "release-1", **hub) as (_, line):
            assert line.items() >= {"model": repo_id, "revision": "release-1", "commit": commit}.items()
            health = httpx2.get(f"{line['endpoint']}/health", trust_env=False).json()
            answer = httpx2.post(f"{line['endpoint']}/classify", json={"text": SECRET}, trust_env=False).json()
        assert health.items() >= {"model": repo_id, "revision": "release-1", "commit": commit}.items()
    assert answer == load(str(model))(SECRET)


def test_an_address_in_use_is_named_before_anything_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(FactoryError, match="choose another --port"):
        serve("nobody/nothing", host="127.0.0.1", port=taken.getsockname()[1], ready=lambda started: None)


def test_a_model_that_cannot_be_loaded_is_named_and_nothing_is_announced(tmp_path):
    announced = []
    with pytest.raises(HubError, match=r"has no config\.json"):
        serve(str(tmp_path), host="127.0.0.1", port=0, ready=announced.append)
    assert announced == []


def test_the_command_describes_itself_without_loading_the_service():
    code = (
        "import sys; from factory.cli_serve import serve; "
        "serve(['--help'], standalone_mode=False); "
        "print({'fastapi', 'uvicorn', 'onnxruntime', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    assert "0: any free one." in done.stdout
