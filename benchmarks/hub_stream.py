"""A large file up to the embedded Hub and down again, and the most memory its server held for it.

Run by hand, for it needs four times the size on the disk: `python -m benchmarks.hub_stream --megabytes 2048`. The
file goes by Git LFS in one piece, then by huggingface_hub with Xet, and comes back both times.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from benchmarks.hub_process import Process, serving_hub
from benchmarks.measure import show

BLOCK_BYTES = 2**20
USE_LIBRARY = """
import sys
from pathlib import Path
from huggingface_hub import HfApi, hf_hub_download
HfApi().create_repo("local/xet")
HfApi().upload_file(path_or_fileobj=sys.argv[1], path_in_repo="w.bin", repo_id="local/xet")
Path(sys.argv[1]).unlink()
Path(hf_hub_download("local/xet", "w.bin")).resolve().rename(sys.argv[1])
"""


def main() -> None:
    """Print the seconds, CPU-seconds and memory of each transfer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub_stream", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2048)
    megabytes = parser.parse_args().megabytes
    with TemporaryDirectory() as folder:
        root = Path(folder)
        with serving_hub(root / "plain") as hub:
            show(*_use_http(hub, megabytes))
        with serving_hub(root / "xet") as hub:
            show(_use_library(hub, megabytes, root))


def _use_http(hub: Process, megabytes: int) -> list[tuple[str, str]]:
    """Send the file as one LFS object, commit it and read it back."""
    sha256 = _hash(_blocks(megabytes))
    _ask(hub, "/api/repos/create", {"name": "plain"})
    batch = {"operation": "upload", "objects": [{"oid": sha256, "size": megabytes * BLOCK_BYTES}]}
    plan = json.loads(_ask(hub, "/local/plain.git/info/lfs/objects/batch", batch))
    started = time.perf_counter()
    _put(hub, plan["objects"][0]["actions"]["upload"]["href"], megabytes)
    up = _figure(hub, started)
    file = {"path": "w.bin", "algo": "sha256", "oid": sha256}
    lines = {"key": "header", "value": {"summary": "one"}}, {"key": "lfsFile", "value": file}
    _ask(hub, "/api/models/local/plain/commit/main", *lines)
    started = time.perf_counter()
    connection = hub.connect()
    connection.request("GET", "/local/plain/resolve/main/w.bin")
    answer = connection.getresponse()
    if _hash(iter(lambda: answer.read(BLOCK_BYTES), b"")) != sha256:
        sys.exit("What came back is not what was sent")
    return [(f"{megabytes} MiB up by LFS", up), (f"{megabytes} MiB down", _figure(hub, started))]


def _use_library(hub: Process, megabytes: int, root: Path) -> tuple[str, str]:
    """Send the file as huggingface_hub does, which is by Xet, and read it back."""
    path = root / "w.bin"
    with path.open("wb") as file:
        file.writelines(_blocks(megabytes))
    sha256 = _hash(_blocks(megabytes))
    own = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token, "HF_HOME": str(root / "home")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", USE_LIBRARY, path], env=kept | own, check=True, stderr=subprocess.DEVNULL)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            sys.exit("What came back is not what was sent")
    return f"{megabytes} MiB up and down by Xet", _figure(hub, started)


def _blocks(megabytes: int) -> Iterator[bytes]:
    """Yield a file that has no two equal blocks and that nothing makes smaller."""
    numbers = random.Random(0)
    for _ in range(megabytes):
        yield numbers.randbytes(BLOCK_BYTES)


def _hash(blocks: Iterator[bytes]) -> str:
    sha256 = hashlib.sha256()
    for block in blocks:
        sha256.update(block)
    return sha256.hexdigest()


def _put(hub: Process, address: str, megabytes: int) -> None:
    headers = {"Content-Length": str(megabytes * BLOCK_BYTES)}
    connection = hub.connect()
    connection.request("PUT", urlsplit(address).path, _blocks(megabytes), headers)
    _read(connection)


def _ask(hub: Process, path: str, *lines: object) -> bytes:
    connection = hub.connect()
    connection.request("POST", path, "\n".join(map(json.dumps, lines)), {"Authorization": f"Bearer {hub.token}"})
    return _read(connection)


def _read(connection: http.client.HTTPConnection) -> bytes:
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        sys.exit(f"A request was answered with {answer.status}: {content[:200]!r}")
    connection.close()
    return content


def _figure(hub: Process, started: float) -> str:
    seconds = time.perf_counter() - started
    return f"{seconds:.0f} s, {hub.cpu_seconds:.0f} CPU-seconds so far, at most {hub.peak_megabytes:.0f} MB"


if __name__ == "__main__":
    main()
