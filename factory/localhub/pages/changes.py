"""The page of a commit: which files it changed and, of texts, which lines."""

from dataclasses import dataclass, field
from difflib import unified_diff

from starlette.responses import Response

from factory.localhub.calls import Call
from factory.localhub.pages.rendering import render
from factory.localhub.pages.repository import repository_frame
from factory.localhub.repos import find_repo
from factory.localhub.revisions import read_commit, resolve_revision
from factory.localhub.store import Store, format_seconds
from factory.localhub.trees import Entry, list_files

_MAX_FILES = 100
_MAX_COMPARED_BYTES, _MAX_COMPARED_LINES = 256 * 2**10, 3000
_MAX_SHOWN_LINES = 1000
_KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass
class Change:
    """What a commit did to one file; `lines` are those of a unified diff with their kind, None where there is none."""

    path: str
    before: Entry | None
    after: Entry | None
    lines: list[tuple[str, str]] | None = None
    is_cut: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        if self.before is None:
            return "Added"
        return "Deleted" if self.after is None else "Changed"


def show_commit(call: Call) -> Response:
    """Show what a commit changed against the one before it."""
    repo, db, rev = find_repo(call, "content"), call.store.db, call.params["rev"]
    commit = resolve_revision(db, repo.id, rev)
    before = list_files(db, read_commit(db, repo.id, commit.parent).tree) if commit.parent else {}
    after = list_files(db, commit.tree)
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    changes = [Change(path, before.get(path), after.get(path)) for path in paths[:_MAX_FILES]]
    for change in changes:
        _compare(call.store, change)
    return render(
        call,
        "commit.html",
        **repository_frame(call, repo, commit.oid),
        changes=changes,
        total=len(paths),
        when=format_seconds,
    )


def _compare(store: Store, change: Change) -> None:
    """Fill in the lines that differ, of two texts short enough to be compared while somebody waits."""
    old, new = _read_lines(store, change.before), _read_lines(store, change.after)
    if old is None or new is None:
        return
    lines = [line.rstrip("\r\n") for line in unified_diff(old, new, n=3)][2:]  # the first two name the files
    kinds = [(_KINDS.get(line[:1], "same"), line) for line in lines]
    change.lines, change.is_cut = kinds[:_MAX_SHOWN_LINES], len(kinds) > _MAX_SHOWN_LINES
    change.counts = {kind: sum(found == kind for found, _ in kinds) for kind in ("added", "removed")}


def _read_lines(store: Store, entry: Entry | None) -> list[str] | None:
    if entry is None:
        return []
    if entry.lfs or entry.size > _MAX_COMPARED_BYTES:
        return None
    try:
        text = store.blobs.read(entry.sha256).decode()
    except UnicodeDecodeError:
        return None
    lines = text.splitlines(keepends=True)
    return None if "\0" in text or len(lines) > _MAX_COMPARED_LINES else lines
