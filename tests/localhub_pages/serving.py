"""The Hub as people start it, with what `factory hub serve` adds to it."""

import json
import subprocess
import sys
from contextlib import contextmanager

from tests.localhub.conftest import ROOT, RunningHub


@contextmanager
def serve_hub(root, *arguments):
    """Run `factory hub serve` on a directory until the block ends."""
    command = [
        sys.executable,
        "-c",
        "from factory.cli import main; main()",
        "hub",
        "serve",
        "--root",
        str(root),
        "--port",
        "0",
    ]
    with subprocess.Popen([*command, "--format", "json", *arguments], stdout=subprocess.PIPE, cwd=ROOT) as process:
        started = json.loads(process.stdout.readline())
        try:
            yield RunningHub(root, started["endpoint"], {started["user"]: started["token"]}, process)
        finally:
            process.terminate()
            assert process.wait(30) == 0
