"""Virtual environments that share nothing with this one, one for each client, kept from run to run."""

import hashlib
import json
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
LIST = """
import importlib.metadata, importlib.util, json, sys
assert sys.prefix != sys.base_prefix and importlib.util.find_spec("factory") is None
print(json.dumps({found.metadata["Name"].lower().replace("-", "_"): found.version
    for found in importlib.metadata.distributions()}))
"""


@dataclass(frozen=True)
class Environment:
    """What pip installs, at this repository's versions where `is_pinned`, and takes away again."""

    name: str
    requirements: tuple
    removed: tuple = ()
    is_pinned: bool = True

    def prepare(self, cache):
        """Return the interpreter of the environment, made anew when what it is to hold has changed."""
        wanted = f"{self} {CONSTRAINTS.read_text() if self.is_pinned else ''}"
        folder = cache / f"{self.name}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
        python, complete = folder / "bin" / "python", folder / "complete"
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            constraints = ["-c", CONSTRAINTS] if self.is_pinned else []
            _pip(python, "install", *constraints, *self.requirements)
            if self.removed:
                _pip(python, "uninstall", "--yes", *self.removed)
            complete.touch()
        return str(python)


def list_versions(python):
    """Return the versions of the packages of an environment, which is not this one."""
    return json.loads(subprocess.run([python, "-I", "-c", LIST], capture_output=True, text=True, check=True).stdout)


def _pip(python, command, *arguments):
    subprocess.run([python, "-I", "-m", "pip", command, "-qq", "--disable-pip-version-check", *arguments], check=True)
