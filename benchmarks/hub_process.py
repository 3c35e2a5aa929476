"""A Hub in a process of its own, and what that process has cost so far by the kernel's count."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
PLAIN = """
import json, socket, uvicorn
from starlette.responses import JSONResponse
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"endpoint": f"http://127.0.0.1:{listener.getsockname()[1]}", "token": ""}), flush=True)
uvicorn.Server(uvicorn.Config(JSONResponse([]), log_level="error", lifespan="off")).run([listener])
"""


@dataclass(frozen=True)
class Process:
    """A server: where it answers, and a token of the user `local`."""

    pid: int
    endpoint: str
    token: str

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to it."""
        return http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=300)

    def get(self, path: str, accept: str = "*/*") -> bytes:
        """Return what it answers; raises a RuntimeError unless that is a 200."""
        connection = self.connect()
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path} is answered with {answer.status}")
        return content

    @property
    def cpu_seconds(self) -> float:
        """The CPU time it took up to now, with that of its children that ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """The memory it holds."""
        return self._status("VmRSS")

    @property
    def peak_megabytes(self) -> float:
        """The most memory it ever held."""
        return self._status("VmHWM")

    def _status(self, key: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key))


@contextmanager
def serving_hub(root: Path) -> Iterator[Process]:
    """Serve the Hub of a folder until the block ends."""
    with _running("-m", "factory.localhub", "--root", str(root), "--port", "0") as process:
        yield process


@contextmanager
def serving_nothing() -> Iterator[Process]:
    """Serve an empty list with the packages that the Hub is made of."""
    with _running("-c", PLAIN) as process:
        yield process


@contextmanager
def _running(*arguments: str) -> Iterator[Process]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        try:
            yield Process(process.pid, told["endpoint"], told["token"])
        finally:
            process.terminate()
