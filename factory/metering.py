"""What running a stage takes: time, work and memory, as facts for its manifest."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path


class Meter:
    """What the process spends from now on: seconds, seconds of its processors, and its peak of memory."""

    def __init__(self) -> None:
        self._started, self._worked = time.monotonic(), time.process_time()
        with suppress(OSError):  # elsewhere than on Linux the peak is that of the whole process
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def read(self) -> dict[str, float]:
        """Return seconds, cpu_seconds and peak_bytes since the start."""
        seconds = {"seconds": time.monotonic() - self._started, "cpu_seconds": time.process_time() - self._worked}
        return {**{name: round(value, 3) for name, value in seconds.items()}, "peak_bytes": _peak_bytes()}


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
