"""The store against plain hashing and writing: what does it cost to keep, and to find again?"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from benchmarks.measure import cpu_seconds, show
from factory.store import Store

STAGES = 300
MEGABYTES = 100


def write_number(number: int, *, out: Path) -> None:
    """Write one small file."""
    (out / "number.txt").write_text(str(number))


def write_megabytes(seed: int, *, out: Path) -> None:
    """Write one large file."""
    (out / "weights.bin").write_bytes(bytes([seed]) * (MEGABYTES << 20))


def run() -> None:
    """Print the cost of a new stage, of a cached one, and of keeping a large artifact."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        new = cpu_seconds(lambda: [store(write_number, number) for number in range(STAGES)], rounds=1)
        cached = cpu_seconds(lambda: [store(write_number, number) for number in range(STAGES)])
        content = bytes([1]) * (MEGABYTES << 20)
        plain = cpu_seconds(lambda: (Path(folder, "x").write_bytes(content), hashlib.sha256(content).hexdigest()))
        kept = cpu_seconds(lambda: store(write_megabytes, 1), rounds=1)
    show(
        ("a new stage, CPU", f"{new / STAGES * 1e3:.2f} ms"),
        ("a cached stage, CPU", f"{cached / STAGES * 1e3:.2f} ms = {cached / new:.2f} x a new one"),
        (f"keeping {MEGABYTES} MB, CPU", f"{kept:.2f} s = {kept / plain:.2f} x write and SHA-256 alone"),
    )
