"""Kill a training in a process of its own, and tell whether what another one wrote is the same."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


def kill_at(sign: str, place: Path, program: str, *arguments: Path) -> None:
    """Run a program and kill -9 it as soon as a file in `place` matches the pattern `sign`."""
    command, environment = (
        [sys.executable, "-c", program, *map(str, arguments)],
        {**os.environ, "OMP_NUM_THREADS": "1"},
    )
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not list(place.glob(sign)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
