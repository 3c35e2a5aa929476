"""Run every client against a Hub and print which of create, upload, list and download each of them can do."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from factory.localhub.admin import add_user, verify
from tests.conformance.__main__ import serving
from tests.matrix.environments import Environment, list_versions

HERE = Path(__file__).parent
STEPS = ("create", "upload", "list", "download")
HUB, OLDER = Environment("hub", ("huggingface_hub",)), Environment("older", ("huggingface_hub<2",), is_pinned=False)
TOKEN = "hf_matrix"


@dataclass
class Client:
    """A client: which script it is, in which environment, and the steps that it can be asked for.

    `packages` are those that its line names; what it must do without is in the environment's `removed`.
    """

    script: str
    environment: Environment
    packages: tuple
    variables: dict = field(default_factory=dict)
    steps: tuple = STEPS
    note: str = ""

    def describe(self, versions):
        """Return its line's name, of what is really installed."""
        named = [f"{name} {versions[name]}" for name in self.packages]
        return ", ".join([*named, *(f"no {name}" for name in self.environment.removed), *filter(None, [self.note])])


CLIENTS = (
    Client("library", HUB, ("huggingface_hub", "hf_xet")),
    Client("library", HUB, ("huggingface_hub",), {"HF_HUB_DISABLE_XET": "1"}, note="Xet off"),
    Client("library", Environment("plain", ("huggingface_hub",), ("hf_xet",)), ("huggingface_hub",)),
    Client("library", OLDER, ("huggingface_hub", "hf_xet")),
    Client("command", Environment("command", ("huggingface_hub",)), ("huggingface_hub",), note="the command hf"),
    Client("datasets", Environment("datasets", ("datasets",)), ("datasets", "huggingface_hub")),
    Client("transformers", Environment("transformers", ("transformers", "torch")), ("transformers", "torch")),
    Client("git", HUB, (), steps=("list", "download")),
)


def main():
    """Print a table of clients and steps; exit 1 if a step of any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache", "matrix"), help="where environments are kept")
    arguments = parser.parse_args()
    failures = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "hub")
        add_user(root, "matrix", token=TOKEN)
        sys.stdout.write(f"{'client':<46}" + "".join(f"{step:>10}" for step in STEPS) + "\n")
        with serving(root) as endpoint:
            for number, client in enumerate(list_clients()):
                python = client.environment.prepare(arguments.cache.resolve())
                name = client.describe(list_versions(python))
                done, trouble = run_client(
                    client, python, f"matrix/repo-{number}", Path(scratch, str(number)), endpoint
                )
                states = ("ok" if step in done else "-" if step not in client.steps else "FAILED" for step in STEPS)
                sys.stdout.write(f"{name:<46}" + "".join(f"{state:>10}" for state in states) + "\n")
                sys.stdout.flush()
                failures += [f"{name}: {trouble}"] if set(client.steps) - set(done) else []
        failures += verify(root)
    sys.stdout.writelines(f"{failure}\n" for failure in failures)
    sys.exit(1 if failures else 0)


def list_clients():
    """Yield the clients that can be run here: git only where it and git-lfs are installed."""
    for client in CLIENTS:
        if client.script != "git":
            yield client
        elif shutil.which("git") and shutil.which("git-lfs"):
            told = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
            yield replace(client, note=f"git {told}, git-lfs (reads)")


def run_client(client, python, repo, here, endpoint):
    """Return the steps that a client did and the last line of its trouble."""
    here.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING", "PYTHON"))}
    own = {
        "HF_ENDPOINT": endpoint, "HF_TOKEN": TOKEN, "HF_HOME": str(here / "home"), "HOME": str(here),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "GIT_TERMINAL_PROMPT": "0",
    }  # fmt: skip
    command = [python, str(HERE / "clients.py"), client.script, repo]
    done = subprocess.run(
        command, env={**kept, **own, **client.variables}, cwd=here, capture_output=True, text=True, check=False
    )
    trouble = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')], trouble[0]


if __name__ == "__main__":
    main()
