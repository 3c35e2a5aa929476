"""Run every client against a Hub and print which of create, upload, list and download each of them can do."""

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, field
from pathlib import Path

from factory.localhub.admin import add_user, verify
from tests.conformance.__main__ import serving

HERE = Path(__file__).parent
STEPS = ("create", "upload", "list", "download")
OLDER = "huggingface_hub<2"
TOKEN = "hf_matrix"


@dataclass
class Client:
    """A client: which script it is, with which interpreter and variables, and the steps that it can be asked for."""

    name: str
    script: str
    python: str = sys.executable
    environment: dict = field(default_factory=dict)
    steps: tuple = STEPS


def main():
    """Print a table of clients and steps; exit 1 if a step of any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache", "matrix"), help="where environments are kept")
    arguments = parser.parse_args()
    clients, failures = list_clients(arguments.cache.resolve()), []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "hub")
        add_user(root, "matrix", token=TOKEN)
        sys.stdout.write(f"{'client':<46}" + "".join(f"{step:>10}" for step in STEPS) + "\n")
        with serving(root) as endpoint:
            for number, client in enumerate(clients):
                done, trouble = run_client(client, f"matrix/repo-{number}", Path(scratch, str(number)), endpoint)
                states = ("ok" if step in done else "-" if step not in client.steps else "FAILED" for step in STEPS)
                sys.stdout.write(f"{client.name:<46}" + "".join(f"{state:>10}" for state in states) + "\n")
                sys.stdout.flush()
                failures += [f"{client.name}: {trouble}"] if set(client.steps) - set(done) else []
        failures += verify(root)
    sys.stdout.writelines(f"{failure}\n" for failure in failures)
    sys.exit(1 if failures else 0)


def list_clients(cache):
    """Return the clients that can be run here: git only where it and git-lfs are installed."""
    hub, older = version("huggingface_hub"), older_environment(cache)
    named = [
        Client(f"huggingface_hub {hub}, hf_xet {version('hf_xet')}", "library"),
        Client(f"huggingface_hub {hub}, Xet off", "library", environment={"HF_HUB_DISABLE_XET": "1"}),
        Client(f"huggingface_hub {older_version(older)}", "library", older),
        Client(f"hf {hub}", "command"),
        Client(f"datasets {version('datasets')}", "datasets"),
        Client(f"transformers {version('transformers')}", "transformers"),
    ]
    if shutil.which("git") and shutil.which("git-lfs"):
        told = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
        named.append(Client(f"git {told}, git-lfs (reads)", "git", steps=("list", "download")))
    return named


def run_client(client, repo, here, endpoint):
    """Return the steps that a client did and the last line of its trouble."""
    here.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING", "PYTHON"))}
    own = {
        "HF_ENDPOINT": endpoint, "HF_TOKEN": TOKEN, "HF_HOME": str(here / "home"), "HOME": str(here),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "GIT_TERMINAL_PROMPT": "0",
    }  # fmt: skip
    command = [client.python, str(HERE / "clients.py"), client.script, repo]
    done = subprocess.run(
        command, env={**kept, **own, **client.environment}, cwd=here, capture_output=True, text=True, check=False
    )
    trouble = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')], trouble[0]


def older_environment(cache):
    """Return the interpreter of an environment with the last huggingface_hub of the version before."""
    python = cache / "older" / "bin" / "python"
    if not python.exists():
        venv.create(cache / "older", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", OLDER], check=True)
    return str(python)


def older_version(python):
    code = "import huggingface_hub, hf_xet; print(huggingface_hub.__version__)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def version(package):
    return importlib.metadata.version(package)


if __name__ == "__main__":
    main()
