"""The embedded Hub: what its server costs at rest and when a release is published, commits, and a model by name."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.hub_process import Process, serving_hub, serving_nothing
from benchmarks.measure import cpu_seconds, show
from benchmarks.rows import MINILM
from factory.hub.embedded import Access
from factory.hub.history import Repo
from factory.hub.push import push_release
from factory.hub.target import Target
from factory.students.quiet import quiet_transformers
from tests.hub.releases import RELEASE, write_release

WRITERS, REPOS, COMMITS = 16, 4, 50
COLD_PIPELINE = """
import json, sys, time
started = time.time()
from transformers import pipeline
imported = time.time()
pipeline("text-classification", sys.argv[1])("a first text")
print(json.dumps([time.time() - imported, time.time() - started]))
"""


def run() -> None:
    """Print CPU-seconds and memory of the server, commits a second, and the time of a cold `pipeline`."""
    with quiet_transformers(), TemporaryDirectory() as folder:
        root = Path(folder)
        show(*_start(root / "starts"))
        repos, model = _write_release(root / "release")
        with serving_hub(root / "hub") as hub:
            show(*_publish(hub, root / "release", repos))
            show(*_load(hub, model, root / "homes"))
        with serving_hub(root / "commits") as hub:
            show(*_commit(hub, root / "files"))


def _start(root: Path) -> list[tuple[str, str]]:
    """Start a Hub, and a server of the same packages that does nothing."""
    starts = []
    for number in range(3):
        with serving_hub(root / str(number)) as hub, serving_nothing() as plain:
            starts.append([*_first_answer(hub), *_first_answer(plain)])
    ours, memory, theirs, less = map(min, zip(*starts, strict=True))
    peer = "of a bare uvicorn"
    return [
        ("server start to first answer", f"{ours:.2f} CPU-seconds = {ours / theirs:.1f} x those {peer}"),
        ("idle server", f"{memory:.0f} MB = {memory / less:.1f} x that {peer}"),
    ]


def _first_answer(server: Process) -> tuple[float, float]:
    server.get("/api/models")
    return server.cpu_seconds, server.megabytes


def _write_release(folder: Path) -> tuple[list[Repo], Path]:
    """Write a release whose model is a classifier of the size of MiniLM; return its repositories and that model."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    repos = write_release(folder, rows=1000)
    model = folder / "model-tiny"
    AutoModelForSequenceClassification.from_pretrained(MINILM).save_pretrained(model)
    AutoTokenizer.from_pretrained(MINILM).save_pretrained(model)
    return repos, model


def _publish(hub: Process, release: Path, repos: Sequence[Repo]) -> list[tuple[str, str]]:
    """Publish a release twice, then look at the page of its dataset."""
    contents = [path.read_bytes() for path in release.rglob("*") if path.is_file()]
    size = sum(map(len, contents)) / 1e6
    plain = cpu_seconds(lambda: [_store(content, release.with_name("stored")) for content in contents])
    first, commits = _push(hub, release, repos)
    again, more = _push(hub, release, repos)
    before = hub.megabytes
    hub.get("/datasets/local/reviews", accept="text/html")
    figure = f"{first:.2f} CPU-seconds of the server = {first / plain:.1f} x SHA-256 and writing, {commits} commits"
    return [
        (f"publishing {size:.0f} MB in {len(repos)} repositories", figure),
        ("publishing them again", f"{again:.2f} CPU-seconds = {again / first:.2f} x the first time, {more} commits"),
        ("server after the page of a dataset", f"{hub.megabytes:.0f} MB = {hub.megabytes / before:.2f} x before"),
    ]


def _store(content: bytes, path: Path) -> None:
    hashlib.sha256(content)
    path.write_bytes(content)


def _push(hub: Process, release: Path, repos: Sequence[Repo]) -> tuple[float, int]:
    """Return the CPU-seconds that publishing took the server and how many commits were made."""
    target = Target.at(Access(hub.endpoint, hub.token))
    before, commits = hub.cpu_seconds, _count_commits(target, repos)
    push_release(release, repos, f"release-{RELEASE}", private=False, target=target)
    return hub.cpu_seconds - before, _count_commits(target, repos) - commits


def _count_commits(target: Target, repos: Sequence[Repo]) -> int:
    there = [repo for repo in repos if target.api.repo_exists(repo.id, repo_type=repo.type)]
    return sum(len(target.api.list_repo_commits(repo.id, repo_type=repo.type)) for repo in there)


def _load(hub: Process, model: Path, homes: Path) -> list[tuple[str, str]]:
    """Load a model by name into an empty cache, and from its folder, each in a process of its own."""
    by_name, from_disk = [], []
    for number in range(3):
        by_name.append(_cold_pipeline(hub, "local/reviews-tiny", homes / str(number)))
        from_disk.append(_cold_pipeline(hub, str(model), homes / "unused"))
    (ours, ours_in_all), (theirs, theirs_in_all) = (map(min, zip(*runs, strict=True)) for runs in (by_name, from_disk))
    return [
        (
            "cold pipeline by name",
            f"{ours_in_all:.1f} s = {ours_in_all / theirs_in_all:.2f} x the same folder from disk",
        ),
        ("of that, after imports", f"{ours:.1f} s = {ours / theirs:.2f} x"),
    ]


def _cold_pipeline(hub: Process, name: str, home: Path) -> tuple[float, float]:
    """Return the seconds to the first label, without the imports and with them."""
    own = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | own
    command = [sys.executable, "-c", COLD_PIPELINE, name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    after_imports, in_all = json.loads(done.stdout)
    return float(after_imports), float(in_all)


def _commit(hub: Process, folder: Path) -> list[tuple[str, str]]:
    """Commit small files from many writers at once, and write as many with fsync."""
    folder.mkdir()
    for number in range(REPOS):
        _post(hub.connect(), hub, "/api/repos/create", {"name": f"r{number}"})
    before = hub.cpu_seconds
    ours = _rate(partial(_write_commits, hub))
    cpu = (hub.cpu_seconds - before) / (WRITERS * COMMITS)
    theirs = _rate(partial(_write_files, folder))
    figure = f"{ours:.0f} a second = 1/{theirs / ours:.0f} of writing files with fsync, {cpu * 1e3:.1f} ms of CPU each"
    return [(f"commits of a small file by {WRITERS} writers", figure)]


def _rate(write: Callable[[int], None]) -> float:
    """Return how many writes a second all writers make together."""
    with ThreadPoolExecutor(WRITERS) as threads:
        started = time.perf_counter()
        list(threads.map(write, range(WRITERS)))
        return WRITERS * COMMITS / (time.perf_counter() - started)


def _write_commits(hub: Process, writer: int) -> None:
    connection = hub.connect()
    for number in range(COMMITS):
        content = base64.b64encode(f"{writer} {number}".encode()).decode()
        file = {"path": f"{writer}/{number}.txt", "content": content, "encoding": "base64"}
        lines = [{"key": "header", "value": {"summary": "one"}}, {"key": "file", "value": file}]
        _post(connection, hub, f"/api/models/local/r{writer % REPOS}/commit/main", *lines)
    connection.close()


def _post(connection: http.client.HTTPConnection, hub: Process, path: str, *lines: object) -> None:
    body = "\n".join(map(json.dumps, lines))
    connection.request("POST", path, body, {"Authorization": f"Bearer {hub.token}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} is answered with {answer.status}")


def _write_files(folder: Path, writer: int) -> None:
    for number in range(COMMITS):
        with (folder / f"{writer}-{number}").open("wb") as file:
            file.write(b"a small file")
            os.fsync(file.fileno())
