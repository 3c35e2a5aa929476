"""Read a file of JSON lines that somebody else wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import FactoryError


def iter_json_lines(path: Path, error: type[FactoryError], remedy: str) -> Iterator[tuple[str, Any]]:
    """Yield "file:line" and the value of each line that is not blank; raises `error`, with `remedy`, if it cannot."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise error(f"{path}: cannot be read ({fault}); {remedy}") from fault
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"{path}:{number}"
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as fault:
                raise error(f"{place}: not a JSON object ({fault}); {remedy}") from fault
            yield place, value
