"""File contents on disk, named by their SHA-256: written beside, synced, then renamed into place."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from factory.localhub.disk import Disk
from factory.localhub.errors import HubError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class HashingFile:
    """A file being written, with the size and SHA-256 of what it holds so far."""

    def __init__(self, file: BinaryIO, path: Path, disk: Disk) -> None:
        self.path = path
        self.size = 0
        self._file = file
        self._disk = disk
        self._sha256 = hashlib.sha256()

    def write(self, content: bytes) -> None:
        self._disk.write(self._file, content)
        self._sha256.update(content)
        self.size += len(content)

    def flush(self) -> None:
        self._file.flush()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


class BlobStore:
    """A content-addressed folder `blobs/ab/abcd...` and the folder for files on their way into it."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self.disk = disk
        self.folder = root / "blobs"
        self.incoming = root / "incoming"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.incoming.mkdir(exist_ok=True)

    def path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise HubError(400, f"'{sha256[:80]}' is not a SHA-256 in hexadecimal")
        return self.folder / sha256[:2] / sha256

    def size(self, sha256: str) -> int | None:
        """Return a blob's size in bytes, None when it is not stored; the blob counts as used from now on."""
        path = self.path(sha256)
        try:
            os.utime(path)
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    @contextmanager
    def receive(self) -> Iterator[HashingFile]:
        """Give a temporary file to write to; whatever is not moved away by `keep` is removed."""
        descriptor, name = tempfile.mkstemp(dir=self.incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                received = HashingFile(file, Path(name), self.disk)
                yield received
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, received: HashingFile) -> str:
        """Make a received file permanent and return its SHA-256: on disk for good once this returns."""
        received.flush()
        self.adopt(received.path, received.sha256)
        return received.sha256

    def adopt(self, path: Path, sha256: str) -> None:
        """Move a file on the same disk into place, whose SHA-256 the caller has computed."""
        if self.size(sha256) is not None:
            return
        self.disk.sync(path)
        target = self.path(sha256)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            self.disk.sync(self.folder)
        path.chmod(0o444)
        self.disk.rename(path, target)
        self.disk.sync(target.parent)

    def put(self, content: bytes) -> str:
        """Store `content` and return its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if self.size(sha256) is None:
            with self.receive() as received:
                received.write(content)
                self.keep(received)
        return sha256
