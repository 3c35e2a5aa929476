import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from factory.localhub.admin import collect_garbage, import_folder, verify
from tests.localhub.conftest import start_hub


def age(root):
    """Make every file look old enough to go."""
    for path in root.rglob("*"):
        if path.is_file() and path.parent.name != root.name:
            os.utime(path, (0, 0))


@pytest.fixture
def root(tmp_path):
    root, folder = tmp_path / "hub", tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / "w.bin").write_bytes(name.encode() * 1000)
        import_folder(root, folder, f"local/{name}")
    return root


def test_what_refs_lead_to_stays(root):
    age(root)
    assert collect_garbage(root) == 0
    assert verify(root) == []


def test_what_a_deleted_repository_had_alone_goes(root):
    with start_hub(root) as hub:
        hub.api("local").delete_repo("local/a")
        age(root)
        assert collect_garbage(root) == 1000
        assert hub.read("local/b", "w.bin", user="local") == b"b" * 1000
    assert verify(root) == []


def test_history_that_was_squashed_goes_and_what_a_tag_names_stays(root):
    with start_hub(root) as hub:
        api = hub.api("local")
        api.create_tag("local/a", tag="v1")
        for repo in ("a", "b"):
            api.delete_file("w.bin", f"local/{repo}")
            api.super_squash_history(f"local/{repo}")
        age(root)
        assert collect_garbage(root) == 1000
        assert hub.read("local/a", "w.bin", "v1", user="local") == b"a" * 1000
    assert verify(root) == []


def test_what_was_uploaded_a_moment_ago_stays(root):
    with start_hub(root) as hub:
        hub.api("local").delete_repo("local/a")
    assert collect_garbage(root) == 0


def test_leftovers_of_broken_uploads_go(root):
    (root / "incoming" / "left").write_bytes(b"x" * 10)
    (root / "xorbs" / "1").mkdir()
    (root / "xorbs" / "1" / ("0" * 64)).write_bytes(b"x" * 20)
    assert collect_garbage(root) == 0
    age(root)
    assert collect_garbage(root) == 30


def test_it_is_safe_beside_writers(root):
    with start_hub(root) as hub:
        hub.api("local").create_repo("local/busy")

        def write(number):
            status = 409
            while status == 409:  # collected between upload and commit: a client sends it again
                age(root / "blobs")
                status = hub.commit("local/busy", {f"{number}.txt": f"content {number}"}, user="local").status
            return status

        with ThreadPoolExecutor(4) as threads:
            writers = [threads.submit(write, number) for number in range(20)]
            for _ in range(10):
                collect_garbage(root)
            statuses = {writer.result() for writer in writers}
        assert statuses == {200}
        assert all(hub.read("local/busy", f"{n}.txt", user="local") == f"content {n}".encode() for n in range(20))
    assert verify(root) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda path: path.chmod(0o644) or path.write_bytes(b"c" * 1000), "has the content of"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.chmod(0o644) or path.write_bytes(b"a" * 999), "not 1000 bytes"),
    ],
)
def test_a_damaged_blob_is_found(root, damage, found):
    (path,) = [path for path in (root / "blobs").rglob("*") if path.is_file() and path.read_bytes() == b"a" * 1000]
    damage(path)
    assert any(found in problem for problem in verify(root))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE trees SET content = zeroblob(30)", "does not have the content of its id"),
        ("DELETE FROM trees", "is not stored"),
        ("UPDATE commits SET message = 'forged'", "does not have the content of its id"),
        ("DELETE FROM commits", "which is not stored"),
        ("DELETE FROM blobs", "not in the index"),
        ("DELETE FROM refs", "has no branch main"),
        ("UPDATE blobs SET sha256 = substr(sha256, 2) || '0' WHERE lfs", "is missing"),
    ],
)
def test_a_damaged_index_is_found(root, tmp_path, statement, found):
    shutil.copytree(root, tmp_path / "damaged")
    database = sqlite3.connect(tmp_path / "damaged" / "hub.sqlite")
    database.execute(statement)
    database.commit()
    database.close()
    assert any(found in problem for problem in verify(tmp_path / "damaged"))
    assert verify(root) == []
