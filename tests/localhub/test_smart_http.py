"""Debian's git against a Hub, clone, fetch, shallow and private, and what it is told when it pushes."""

import base64
import gzip
import os
import shutil
import subprocess

import pytest

from factory.localhub.pktlines import pkt_line

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
HAS_LFS = shutil.which("git-lfs") is not None
TEXTS = {"README.md": "# One\n", "data/ä b.txt": "text\n" * 20_000, "config.json": "{}"}


@pytest.fixture
def git(tmp_path):
    """Run git with no configuration of the machine's and return what it printed; `fails` says it has to."""
    home = tmp_path / "git-home"
    home.mkdir()
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*arguments, cwd=tmp_path, fails=False, **environment):
        done = subprocess.run(
            ["git", *map(str, arguments)], cwd=cwd, env={**kept, **environment}, capture_output=True, text=True
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    if HAS_LFS:
        run("lfs", "install", "--skip-repo")
    return run


def url(hub, repo_id, *, user=None):
    host = hub.endpoint.removeprefix("http://")
    return f"http://anybody:{hub.tokens[user]}@{host}/{repo_id}" if user else f"http://{host}/{repo_id}"


def log(git, folder):
    return git("log", "--format=%H", cwd=folder).split()


@pytest.mark.parametrize(("kind", "prefix"), [("model", ""), ("dataset", "datasets/"), ("space", "spaces/")])
def test_a_clone_has_every_commit_and_file(hub, git, tmp_path, kind, prefix):
    repo_id = hub.repo(kind)
    hub.commit(repo_id, TEXTS, api=f"{kind}s")
    hub.commit(repo_id, {"README.md": "# Two\n", "config.json": None}, api=f"{kind}s")
    hub.api().create_tag(repo_id, tag="v1", repo_type=kind)
    git("clone", "-q", url(hub, prefix + repo_id), "copy")
    copy = tmp_path / "copy"
    history = hub.api().list_repo_commits(repo_id, repo_type=kind)
    assert log(git, copy) == [commit.commit_id for commit in history]
    assert git("rev-parse", "v1", cwd=copy).strip() == history[0].commit_id
    assert (copy / "README.md").read_text() == "# Two\n"
    assert (copy / "data" / "ä b.txt").read_text() == TEXTS["data/ä b.txt"]
    assert not (copy / "config.json").exists()
    git("fsck", "--strict", cwd=copy)


@pytest.mark.skipif(not HAS_LFS, reason="git-lfs is not installed")
def test_large_files_come_through_git_lfs(hub, git, tmp_path):
    repo_id, content = hub.repo(private=True), os.urandom(300_000)
    hub.api().upload_file(path_or_fileobj=content, path_in_repo="model.safetensors", repo_id=repo_id)
    git("clone", "-q", url(hub, repo_id, user="alice"), "copy")
    assert (tmp_path / "copy" / "model.safetensors").read_bytes() == content
    git("lfs", "fsck", cwd=tmp_path / "copy")


def test_without_git_lfs_a_large_file_is_its_pointer(hub, git, tmp_path):
    repo_id = hub.repo()
    hub.api().upload_file(path_or_fileobj=b"\0" * 1000, path_in_repo="model.bin", repo_id=repo_id)
    git("clone", "-q", url(hub, repo_id), "copy", GIT_LFS_SKIP_SMUDGE="1")
    pointer = (tmp_path / "copy" / "model.bin").read_text()
    assert pointer.startswith("version https://git-lfs")
    assert "size 1000\n" in pointer


def test_a_fetch_brings_what_is_new_and_no_more(hub, git, tmp_path):
    repo_id, copy = hub.repo(), tmp_path / "copy"
    hub.commit(repo_id, TEXTS)
    git("clone", "-q", url(hub, repo_id), copy)
    for number in range(20):
        hub.commit(repo_id, {"README.md": f"# {number}\n"})
    git("fetch", "-q", "--no-auto-gc", cwd=copy)
    assert git("rev-parse", "origin/main", cwd=copy).strip() == hub.api().repo_info(repo_id).sha
    assert git("count-objects", cwd=copy).startswith("69 objects")  # 9, and of each of 20 a commit, a tree and a file
    git("fsck", "--strict", cwd=copy)


def test_a_shallow_clone_can_be_deepened(hub, git, tmp_path):
    repo_id, copy = hub.repo(), tmp_path / "copy"
    for number in range(5):
        hub.commit(repo_id, {"README.md": f"# {number}\n"})
    history = [commit.commit_id for commit in hub.api().list_repo_commits(repo_id)]
    git("clone", "-q", "--depth", "2", url(hub, repo_id), copy)
    assert log(git, copy) == history[:2]
    hub.commit(repo_id, {"README.md": "# new\n"})
    git("fetch", "-q", cwd=copy)
    git("fetch", "-q", "--depth", "4", cwd=copy)
    git("merge", "-q", "--ff-only", "origin/main", cwd=copy)
    assert log(git, copy)[1:] == history[:3]
    git("fetch", "-q", "--unshallow", cwd=copy)
    assert log(git, copy)[1:] == history
    git("fsck", "--strict", cwd=copy)


def test_two_unrelated_histories_are_fetched(hub, git, tmp_path):
    repo_id, copy = hub.repo(), tmp_path / "copy"
    hub.commit(repo_id, TEXTS)
    git("clone", "-q", url(hub, repo_id), copy)
    hub.api().super_squash_history(repo_id)
    git("fetch", "-q", cwd=copy)
    assert git("rev-list", "--count", "origin/main", cwd=copy) == "1\n"


def test_a_private_repository_asks_for_a_token(hub, git):
    repo_id = hub.repo(private=True)
    assert "could not read Username" in git("clone", url(hub, repo_id), "copy", fails=True)
    assert "Authentication failed" in git("clone", url(hub, repo_id).replace("//", "//a:wrong@"), "copy", fails=True)
    assert "not found" in git("clone", url(hub, repo_id, user="bob"), "copy", fails=True)
    git("clone", "-q", url(hub, repo_id, user="alice"), "copy")


def test_who_may_not_read_a_private_repository_gets_no_object_of_it(hub):
    repo_id = hub.repo(private=True)
    hub.commit(repo_id, {"secret.txt": repo_id})
    head = hub.api().repo_info(repo_id).sha
    body = pkt_line(f"want {head}") + b"0000" + pkt_line("done")
    assert hub.request("POST", f"/{repo_id}/git-upload-pack", body=body).status == 401
    assert hub.request("POST", f"/{repo_id}/git-upload-pack", body=body, user="bob").status == 404
    elsewhere = hub.request("POST", f"/{hub.repo()}/git-upload-pack", body=body)
    assert b"not our ref" in elsewhere.body


def test_an_object_of_another_repository_is_not_given_by_its_hash(hub):
    private, public = hub.repo(private=True), hub.repo()
    hub.api().upload_file(path_or_fileobj=b"\0secret", path_in_repo="model.bin", repo_id=private)
    sha256 = hub.api().get_paths_info(private, "model.bin")[0].lfs.sha256
    asked = {"operation": "download", "objects": [{"oid": sha256, "size": 7}]}
    answer = hub.request("POST", f"/{public}.git/info/lfs/objects/batch", user="bob", body=asked).json()
    assert answer["objects"][0]["error"]["code"] == 404
    allowed = hub.request("POST", f"/{private}.git/info/lfs/objects/batch", user="alice", body=asked).json()
    path = allowed["objects"][0]["actions"]["download"]["href"].removeprefix(hub.endpoint)
    assert hub.request("GET", path).body == b"\0secret"
    assert hub.request("GET", path + "x").status == 401


def test_a_push_is_refused_in_a_sentence(hub, git, tmp_path):
    repo_id = hub.repo()
    git("clone", "-q", url(hub, repo_id), "copy")
    told = git("push", url(hub, repo_id, user="alice"), "HEAD:main", cwd=tmp_path / "copy", fails=True)
    assert "push with `hf upload`" in told


def test_a_password_is_a_token_at_the_addresses_of_git_alone(hub):
    repo_id = hub.repo(private=True)
    basic = {"Authorization": "Basic " + base64.b64encode(f"x:{hub.tokens['alice']}".encode()).decode()}
    assert hub.request("GET", f"/{repo_id}/info/refs?service=git-upload-pack", headers=basic).status == 200
    assert hub.request("GET", f"/api/models/{repo_id}", headers=basic).status == 401


@pytest.mark.parametrize(
    "body", [b"zzzz", b"0003", b"ffff", b"0009tree\n0000", b"0032want ", gzip.compress(b"0" * 9_000_000)]
)
def test_what_is_no_request_of_git_is_refused(hub, body):
    headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    answer = hub.request("POST", f"/{hub.repo()}/git-upload-pack", body=body, headers=headers)
    assert answer.status in (400, 413)
