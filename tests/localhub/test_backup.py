import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from factory.localhub.admin import collect_garbage, import_folder, list_tokens, verify
from factory.localhub.backup import back_up, restore
from factory.localhub.errors import HubError
from factory.localhub.store import Store
from tests.localhub.conftest import start_hub
from tests.localhub.test_garbage import age

WEIGHTS = b"weights" * 100


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "w.bin").write_bytes(WEIGHTS)
    import_folder(tmp_path / "hub", folder, "local/m")
    return tmp_path / "hub"


def blob_of(folder, content):
    (path,) = [path for path in folder.glob("blobs/??/*") if path.read_bytes() == content]
    return path


@pytest.mark.parametrize("name", ["backup.tar", "backup"])
def test_a_backup_taken_beside_writers_and_gc_restores_to_a_hub_that_serves_the_same_files(root, tmp_path, name):
    acknowledged = []

    def write():
        for number in range(15):
            age(root / "blobs")
            if hub.commit("local/m", {f"{number}.txt": f"content {number}"}, user="local").status == 200:
                acknowledged.append(number)

    with start_hub(root) as hub, ThreadPoolExecutor(2) as threads:
        assert hub.commit("local/m", {"before.txt": "before"}, user="local").status == 200
        writing = threads.submit(write)
        collecting = threads.submit(lambda: [collect_garbage(root) for _ in range(5)])
        back_up(root, tmp_path / name)
        writing.result()
        collecting.result()
    restore(tmp_path / name, tmp_path / "restored")
    assert verify(tmp_path / "restored") == []
    with start_hub(tmp_path / "restored") as restored:
        files = set(restored.api("local").list_repo_files("local/m"))
        assert files >= {".gitattributes", "w.bin", "before.txt"}
        assert restored.read("local/m", "w.bin", user="local") == WEIGHTS
        numbers = [number for number in range(15) if f"{number}.txt" in files]
        assert numbers == acknowledged[: len(numbers)]
        for number in numbers:
            assert restored.read("local/m", f"{number}.txt", user="local") == f"content {number}".encode()
        assert restored.commit("local/m", {"after.txt": "after"}, user="local").status == 200
    assert list((root / "incoming").iterdir()) == []


def test_a_token_of_the_server_that_ran_is_not_restored(root, tmp_path):
    with start_hub(root):
        back_up(root, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    assert list_tokens(tmp_path / "restored") == []


def test_what_was_queued_for_webhooks_is_not_sent_again_by_the_restored(root, tmp_path):
    with start_hub(root) as hub:
        watched = [{"type": "user", "name": "local"}]
        made = hub.api("local").create_webhook(url="http://127.0.0.1:9/", watched=watched)  # nobody listens there
        hub.repo(user="local")
        back_up(root, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    with closing(Store(tmp_path / "backup")) as before, closing(Store(tmp_path / "restored")) as after:
        assert before.db.execute("SELECT count(*) FROM deliveries").fetchone()[0] > 0
        assert after.db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
        assert after.db.execute("SELECT id FROM webhooks").fetchone()[0] == int(made.id, 16)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.chmod(0o644) or path.write_bytes(b"x" * len(WEIGHTS)),
        lambda path: path.unlink(),
    ],
)
def test_a_damaged_backup_names_the_blob_and_leaves_nothing(root, tmp_path, damage):
    back_up(root, tmp_path / "backup")
    path = blob_of(tmp_path / "backup", WEIGHTS)
    damage(path)
    with pytest.raises(HubError, match=f"damaged .the blob {path.name}"):
        restore(tmp_path / "backup", tmp_path / "restored")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "folder", "hub"]
    assert verify(root) == []


def test_a_damaged_index_is_refused(root, tmp_path):
    back_up(root, tmp_path / "backup")
    (tmp_path / "backup" / "hub.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(HubError, match="backup cannot be restored: file is not a database"):
        restore(tmp_path / "backup", tmp_path / "restored")


def test_an_archive_that_was_cut_off_or_is_none_is_refused(root, tmp_path):
    back_up(root, tmp_path / "backup.tar")
    whole = (tmp_path / "backup.tar").read_bytes()
    for name, content in {
        "cut.tar": whole[: len(whole) // 2],
        "none.tar": b"not an archive",
        "empty.tar": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(HubError, match=name):
            restore(tmp_path / name, tmp_path / "restored")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(HubError, match="not a backup of a Hub"):
        restore(tmp_path / "nothing", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_only_an_empty_root_is_filled_and_no_backup_is_overwritten(root, tmp_path):
    back_up(root, tmp_path / "backup")
    with pytest.raises(HubError, match="exists already"):
        back_up(root, tmp_path / "backup")
    with pytest.raises(HubError, match="not empty"):
        restore(tmp_path / "backup", root)
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "backup", tmp_path / "empty")
    assert verify(tmp_path / "empty") == []


def test_a_hub_that_lost_a_blob_is_not_backed_up(root, tmp_path):
    path = blob_of(root, WEIGHTS)
    path.unlink()
    with pytest.raises(HubError, match=path.name):
        back_up(root, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_a_backup_of_a_newer_version_is_refused(root, tmp_path):
    back_up(root, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / "hub.sqlite")) as index:
        index.execute("PRAGMA user_version = 1000")
    with pytest.raises(HubError, match="schema 1000 of a newer hf-factory"):
        restore(tmp_path / "backup", tmp_path / "restored")
