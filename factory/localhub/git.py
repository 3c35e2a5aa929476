"""Git's object formats and ids, so that every id the Hub hands out is the one `git` would compute."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

FILE_MODE, DIRECTORY_MODE = b"100644", b"40000"
_POINTER_HEAD = b"version https://git-lfs.github.com/spec/v1\n"
_MAX_POINTER_BYTES = 1024


@dataclass(frozen=True)
class TreeEntry:
    """One line of a tree object: a file or a directory of a given git id."""

    name: str
    oid: str
    is_directory: bool


def object_id(kind: str, content: bytes) -> str:
    """Return the SHA-1 id of a git object (`kind` is blob, tree or commit)."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """Return the pointer file that git stores in place of a large file."""
    return _POINTER_HEAD + f"oid sha256:{sha256}\nsize {size}\n".encode()


def is_lfs_pointer(content: bytes) -> bool:
    """Whether a file's content would be read back as a large file: it must never be stored as a plain one."""
    return len(content) < _MAX_POINTER_BYTES and content.startswith(_POINTER_HEAD)


def encode_tree(entries: Iterable[TreeEntry]) -> bytes:
    """Return a tree object's content; git orders a directory as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda entry: entry.name.encode() + (b"/" if entry.is_directory else b""))
    lines = []
    for entry in ordered:
        mode = DIRECTORY_MODE if entry.is_directory else FILE_MODE
        lines.append(mode + b" " + entry.name.encode() + b"\0" + bytes.fromhex(entry.oid))
    return b"".join(lines)


def decode_tree(content: bytes) -> list[TreeEntry]:
    """Return the entries of a tree object's content."""
    entries, start = [], 0
    while start < len(content):
        space = content.index(b" ", start)
        end = content.index(b"\0", space)
        oid = content[end + 1 : end + 21].hex()
        is_directory = content[start:space] == DIRECTORY_MODE
        entries.append(TreeEntry(content[space + 1 : end].decode(), oid, is_directory))
        start = end + 21
    return entries


def encode_commit(tree: str, parent: str | None, author: str, seconds: int, message: str) -> bytes:
    """Return a commit object's content; `seconds` is the Unix time, the time zone is UTC."""
    who = f"{author} <{author}@users.noreply.localhub> {seconds} +0000"
    parents = f"parent {parent}\n" if parent else ""
    return f"tree {tree}\n{parents}author {who}\ncommitter {who}\n\n{message}\n".encode()
