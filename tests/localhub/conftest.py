"""A real Hub in a process of its own, with three users, for unmodified clients and for raw requests."""

import http.client
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import HfApi

from factory.localhub.admin import add_user, verify

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class RunningHub:
    """A Hub to talk to; `tokens` are by user, `reader` can only read as alice; `log` is what it wrote, at its end."""

    root: Path
    endpoint: str
    tokens: dict
    process: subprocess.Popen
    count: int = 0
    log: str = ""

    def api(self, user="alice"):
        return HfApi(endpoint=self.endpoint, token=self.tokens[user] if user else False)

    def repo(self, repo_type="model", *, user="alice", **settings):
        """Create a repository of a new name and return its id."""
        self.count += 1
        if repo_type == "space":
            settings.setdefault("space_sdk", "gradio")
        return self.api(user).create_repo(f"{user}/repo-{self.count}", repo_type=repo_type, **settings).repo_id

    def request(self, method, path, *, user=None, body=None, headers=None, token=None):
        """Send one request with exactly this path; a dict goes as JSON."""
        address = urlsplit(self.endpoint)
        headers = dict(headers or {})
        token = token or self.tokens.get(user)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def commit(self, repo_id, files, *, user="alice", rev="main", parent=None, api="models", query=""):
        """Commit small files by the raw protocol; None deletes. Returns the answer."""
        header = {"summary": "test", "description": "", **({"parentCommit": parent} if parent else {})}
        lines = [{"key": "header", "value": header}]
        for path, content in files.items():
            if content is None:
                lines.append({"key": "deletedFile", "value": {"path": path}})
            else:
                value = {"path": path, "content": _base64(content), "encoding": "base64"}
                lines.append({"key": "file", "value": value})
        body = "\n".join(map(json.dumps, lines)).encode()
        return self.request("POST", f"/api/{api}/{repo_id}/commit/{rev}{query}", user=user, body=body)

    def read(self, repo_id, path, rev="main", *, user="alice"):
        return self.request("GET", f"/{repo_id}/resolve/{rev}/{path}", user=user).body


@contextmanager
def start_hub(root, *arguments):
    """Start a Hub on a directory and stop it again, which must end with exit code 0."""
    command = [sys.executable, "-m", "factory.localhub", "--root", str(root), "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        line = process.stdout.readline()
        if not line:
            pytest.fail(process.stderr.read().decode())
        started = json.loads(line)
        running = RunningHub(Path(root), started["endpoint"], {started["user"]: started["token"]}, process)
        try:
            yield running
        finally:
            process.terminate()
            process.wait(30)
            errors = process.stderr.read().decode()
            running.log = process.stdout.read().decode() + errors
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    tokens = {name: add_user(root, name) for name in ("alice", "bob")}
    tokens["reader"] = add_user(root, "alice", role="read")
    with start_hub(root) as running:
        running.tokens.update(tokens)
        yield running
    assert verify(root) == []


@pytest.fixture
def run_client(tmp_path):
    """Run Python code in a clean process that knows a Hub by the two usual variables alone."""

    def run(hub, code, *, user="alice", **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        own = {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": hub.tokens.get(user, ""),
            "HF_HOME": str(tmp_path / "client-home"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, env={**kept, **own, **environment}, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def _base64(content):
    import base64

    return base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
