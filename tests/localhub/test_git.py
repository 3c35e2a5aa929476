import shutil
import subprocess

import pytest

from factory.localhub import git
from factory.localhub.git import TreeEntry

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def run(*arguments, stdin=b""):
        command = ["git", "-C", str(tmp_path), "-c", "core.ignorecase=false", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.decode().strip()

    return run


@needs_git
@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(range(256)) * 50])
def test_a_blob_has_the_id_that_git_gives_it(repository, content):
    assert git.object_id("blob", content) == repository("hash-object", "--stdin", stdin=content)


@needs_git
def test_a_tree_has_the_id_that_git_gives_it_whatever_the_order_of_its_names(repository):
    blob = repository("hash-object", "-w", "--stdin", stdin=b"x")
    inner = repository("mktree", stdin=f"100644 blob {blob}\tfile\n".encode())
    lines = [
        f"100644 blob {blob}\ta.b",
        f"040000 tree {inner}\ta",
        f"100644 blob {blob}\ta-b",
        f"100644 blob {blob}\té",
    ]
    entries = [TreeEntry("é", blob, False), TreeEntry("a", inner, True), TreeEntry("a-b", blob, False)]
    entries.append(TreeEntry("a.b", blob, False))
    content = git.encode_tree(entries)
    assert git.object_id("tree", content) == repository("mktree", stdin="\n".join(lines).encode())
    assert {entry.name for entry in git.decode_tree(content)} == {"é", "a", "a-b", "a.b"}


@needs_git
def test_a_commit_has_the_id_that_git_gives_it(repository):
    content = git.encode_commit("4b825dc642cb6eb9a060e54bf8d69288fbee4904", None, "alice", 1700000000, "first\n\nbody")
    assert git.object_id("commit", content) == repository("hash-object", "-t", "commit", "--stdin", stdin=content)


def test_a_tree_reads_back_as_it_was_written():
    entries = [TreeEntry("a", "0" * 40, True), TreeEntry("b", "1" * 40, False)]
    assert git.decode_tree(git.encode_tree(entries)) == entries


def test_a_pointer_is_recognised_and_a_text_about_pointers_is_not():
    assert git.is_lfs_pointer(git.lfs_pointer("a" * 64, 12))
    assert not git.is_lfs_pointer(b"the first line of a pointer is version https://git-lfs.github.com/spec/v1\n")
