"""The calls by which a file becomes permanent, in one place: what may fail there is tried in the tests."""

import os
from pathlib import Path
from typing import BinaryIO


class Disk:
    """The disk of this machine; raises an OSError when it is full or broken."""

    def write(self, file: BinaryIO, content: bytes) -> None:
        file.write(content)

    def sync(self, descriptor: int) -> None:
        """Return once what was written to an open file or folder survives a power cut."""
        os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name, in place of what had it."""
        source.rename(target)
