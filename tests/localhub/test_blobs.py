import hashlib
import os
import time

import pytest

from factory.localhub.blobs import BlobStore
from factory.localhub.disk import Disk
from factory.localhub.errors import HubError


@pytest.fixture
def blobs(tmp_path):
    return BlobStore(tmp_path, Disk())


def test_content_is_found_by_its_hash_and_kept_once(blobs):
    first, second = blobs.put(b"content"), blobs.put(b"content")
    assert first == second == hashlib.sha256(b"content").hexdigest()
    assert blobs.read(first) == b"content"
    assert blobs.size(first) == 7
    assert len([path for path in blobs.folder.rglob("*") if path.is_file()]) == 1


def test_what_was_not_kept_leaves_nothing(blobs):
    with blobs.receive() as received:
        received.write(b"half of it")
    assert list(blobs.incoming.iterdir()) == []
    assert not any(path.is_file() for path in blobs.folder.rglob("*"))


def test_asking_for_a_blob_counts_as_using_it(blobs):
    sha256 = blobs.put(b"content")
    os.utime(blobs.path(sha256), (0, 0))
    assert blobs.size(sha256) == 7
    assert time.time() - blobs.path(sha256).stat().st_mtime < 60


def test_what_is_not_stored_has_no_size(blobs):
    assert blobs.size("0" * 64) is None


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_that_is_no_hash_is_no_path(blobs, name):
    with pytest.raises(HubError, match="not a SHA-256"):
        blobs.path(name)


class WatchedDisk(Disk):
    """A disk that notes what is asked of it, by the names of the paths."""

    def __init__(self):
        self.calls = []

    def sync(self, path):
        self.calls.append(f"sync {path.name}")
        super().sync(path)

    def rename(self, source, target):
        self.calls.append(f"rename {source.name} to {target.name}")
        super().rename(source, target)


def test_content_is_on_the_disk_before_it_has_its_name_and_the_name_after(tmp_path):
    disk = WatchedDisk()
    blobs = BlobStore(tmp_path, disk)
    with blobs.receive() as received:
        received.write(b"content")
        sha256, name = blobs.keep(received), received.path.name
    assert disk.calls == [f"sync {name}", "sync blobs", f"rename {name} to {sha256}", f"sync {sha256[:2]}"]
