"""What is acknowledged survives: a kill at a random moment, a disk that fails at any call, many writers at once."""

import base64
import hashlib
import json
import resource
from concurrent.futures import ThreadPoolExecutor
from errno import EIO, ENOSPC

from starlette.testclient import TestClient

from factory.localhub.admin import add_user, collect_garbage, verify
from factory.localhub.app import Hub
from factory.localhub.disk import Disk
from factory.localhub.store import Store
from tests.localhub.conftest import start_hub
from tests.localhub.crashing import crash

CARD, WEIGHTS = b"# A model\n", b"weights" * 200


class FailingDisk(Disk):
    """A disk whose call number `at` fails; before that it counts."""

    def __init__(self, at, number):
        self.calls, self._at, self._number = 0, at, number

    def _count(self):
        self.calls += 1
        if self.calls == self._at:
            raise OSError(self._number, "injected")

    def write(self, file, content):
        self._count()
        super().write(file, content)

    def sync(self, path):
        self._count()
        super().sync(path)

    def rename(self, source, target):
        self._count()
        super().rename(source, target)


def publish(client, token):
    """Create a repository and commit a card and weights to it, as the client does; return the last status."""
    headers, oid = {"Authorization": f"Bearer {token}"}, hashlib.sha256(WEIGHTS).hexdigest()
    status = client.post("/api/repos/create", json={"name": "m"}, headers=headers).status_code
    if status not in (200, 409):
        return status
    batch = {"operation": "upload", "objects": [{"oid": oid, "size": len(WEIGHTS)}]}
    plan = client.post("/local/m.git/info/lfs/objects/batch", json=batch, headers=headers).json()["objects"][0]
    if "actions" in plan:
        sent = client.put(plan["actions"]["upload"]["href"].removeprefix("http://127.0.0.1"), content=WEIGHTS)
        if sent.status_code != 200:
            return sent.status_code
    content = base64.b64encode(CARD).decode()
    lines = [
        {"key": "header", "value": {"summary": "publish"}},
        {"key": "file", "value": {"path": "README.md", "content": content, "encoding": "base64"}},
        {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": oid}},
    ]
    body = "\n".join(map(json.dumps, lines))
    return client.post("/api/models/local/m/commit/main", content=body, headers=headers).status_code


def publish_once(root, disk):
    """Publish through a Hub on that disk and return the status and what is readable at main."""
    store = Store(root, disk=disk)
    hub = Hub(store)
    try:
        client = TestClient(hub, "http://127.0.0.1", raise_server_exceptions=False)
        status = publish(client, add_user(root, "local", token="hf_test"))
        found = [client.get(f"/local/m/resolve/main/{path}") for path in ("README.md", "w.bin")]
        return status, [answer.content for answer in found if answer.status_code == 200]
    finally:
        hub.close()
        store.close()


def test_a_kill_at_a_random_moment_loses_nothing(tmp_path):
    commits, problems = crash(tmp_path, 5)
    assert problems == []
    assert commits > 0


def test_a_disk_that_fails_at_any_call_leaves_the_old_state_or_the_new(tmp_path):
    counting = FailingDisk(0, EIO)
    assert publish_once(tmp_path / "whole", counting) == (200, [CARD, WEIGHTS])
    assert counting.calls >= 10
    for at in range(1, counting.calls + 1):
        root, number = tmp_path / str(at), (EIO, ENOSPC)[at % 2]
        status, found = publish_once(root, FailingDisk(at, number))
        assert status == (507 if number == ENOSPC else 500), at
        assert found == [], at
        assert verify(root) == [], at
        assert publish_once(root, Disk()) == (200, [CARD, WEIGHTS]), at
        assert verify(root) == [], at


def test_an_index_that_may_not_grow_refuses_and_goes_on_once_it_may(tmp_path):
    with start_hub(tmp_path) as hub:
        repo_id = hub.repo(user="local")
        pid, unlimited = hub.process.pid, resource.RLIM_INFINITY
        largest = max(path.stat().st_size for path in tmp_path.glob("hub.sqlite*"))
        for extra in range(0, 32_000, 8_000):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + extra, unlimited))
            files = {f"{extra}-{n}.txt": f"{extra} {n}" for n in range(20)}
            status = hub.commit(repo_id, files, user="local").status
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
            assert status in (200, 507), status
            assert (hub.read(repo_id, f"{extra}-0.txt", user="local") == f"{extra} 0".encode()) == (status == 200)
            assert hub.commit(repo_id, {"again.txt": str(extra)}, user="local").status == 200
    assert verify(tmp_path) == []


def test_a_hundred_committers_on_one_branch_lose_no_update(hub):
    """Each adds one to a number, again when it was too late, as a client does that passes its parent."""
    repo_id = hub.repo()
    hub.commit(repo_id, {"count.txt": "0"})

    def add_one(_):
        refusals = 0
        while True:
            head = hub.request("GET", f"/api/models/{repo_id}", user="alice").json()["sha"]
            count = int(hub.read(repo_id, "count.txt", head))
            answer = hub.commit(repo_id, {"count.txt": str(count + 1)}, parent=head)
            if answer.status == 200:
                return refusals
            assert answer.status in (409, 412)
            refusals += 1

    with ThreadPoolExecutor(4) as threads:
        refusals = sum(threads.map(add_one, range(100)))
    assert hub.read(repo_id, "count.txt") == b"100"
    assert refusals > 0
    assert len(hub.api().list_repo_commits(repo_id)) == 102


def test_a_hundred_committers_of_files_of_their_own_all_have_them(hub):
    repo_id = hub.repo()
    with ThreadPoolExecutor(16) as threads:
        answers = threads.map(lambda n: hub.commit(repo_id, {f"{n}.txt": str(n)}).status, range(100))
    assert set(answers) == {200}
    listed = hub.request("GET", f"/api/models/{repo_id}/tree/main", user="alice").json()
    assert {f"{n}.txt" for n in range(100)} < {item["path"] for item in listed}


def test_garbage_is_collected_beside_writers_without_taking_what_they_write(tmp_path):
    with start_hub(tmp_path) as hub:
        repos = [hub.repo(user="local") for _ in range(4)]

        def write(repo_id):
            for n in range(15):
                assert hub.commit(repo_id, {"a.txt": f"{repo_id} {n}"}, user="local").status == 200

        with ThreadPoolExecutor(5) as threads:
            written = [threads.submit(write, repo_id) for repo_id in repos]
            while not all(one.done() for one in written):
                collect_garbage(tmp_path)
            for one in written:
                one.result()
        assert [hub.read(repo_id, "a.txt", user="local") for repo_id in repos] == [f"{r} 14".encode() for r in repos]
    assert verify(tmp_path) == []
