"""The calls by which a file becomes permanent, in one place: what may fail there is tried in the tests."""

import os
from pathlib import Path
from typing import BinaryIO


class Disk:
    """The disk of this machine; raises an OSError when it is full or broken."""

    def write(self, file: BinaryIO, content: bytes) -> None:
        file.write(content)

    def sync(self, path: Path) -> None:
        """Return once a file, or the renames and removals in a folder, survive a power cut."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name, in place of what had it."""
        source.rename(target)
