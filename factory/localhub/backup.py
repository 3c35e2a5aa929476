"""Backups of a Hub: its index at one moment and every blob it names, taken beside writers, proved when restored."""

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from factory.localhub.audit import find_problems
from factory.localhub.database import check_version
from factory.localhub.disk import Disk
from factory.localhub.errors import HubError
from factory.localhub.store import Store, open_existing

_BLOBS = "SELECT sha256 FROM blobs UNION SELECT sha256 FROM uploads ORDER BY sha256"


def back_up(root: Path, target: Path) -> None:
    """Copy the Hub to `target`, one file when its name ends in `.tar` and else a folder; a server may be running.

    Writers wait while the index is copied and the blobs are linked, not while the blobs are. The signing secret stays
    behind. Raises a HubError when `target` exists, a blob is missing or the disk fails, a FileNotFoundError where
    there is no Hub.
    """
    if target.exists():
        raise HubError(400, f"{target} exists already: name a new file or folder for the backup")
    with (
        closing(open_existing(root)) as store,
        _plain_refusals(f"{target} cannot be written"),
        TemporaryDirectory(dir=store.blobs.incoming) as held,
        _beside(target) as partial,
    ):
        _hold(store, Path(held))
        _pack(Path(held), partial)


def restore(backup: Path, root: Path) -> None:
    """Make `root`, which is empty or missing, the Hub that `backup` was taken of, once all of it is found intact.

    Tokens of servers that ran then are revoked, Xet clients start anew, and what webhooks were still to be told is for
    the Hub that was backed up to tell. Raises a HubError when `root` holds anything or the backup is damaged, of a
    newer version, or none.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise HubError(400, f"{root} is not empty: restore into another --root")
    with _plain_refusals(f"{backup} cannot be restored"), _beside(root.resolve()) as partial:
        _unpack(backup, partial)
        _check_version(backup, partial)
        with closing(Store(partial)) as store:
            _check(store, backup)
            with store.transaction() as db:
                db.execute("DELETE FROM tokens WHERE label = 'hub serve'")
                db.execute("DELETE FROM xorbs")
                db.execute("DELETE FROM deliveries")
                store.renew_instance(db)


@contextmanager
def _plain_refusals(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, tarfile.TarError, sqlite3.Error) as fault:
        raise HubError(500, f"{what}: {fault}") from fault


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a path on the disk of `target` that takes its name at the end, whole and synced, or else vanishes."""
    disk = Disk()
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        partial = Path(folder) / target.name
        yield partial
        for path in (partial, *partial.rglob("*")):
            disk.sync(path)
        disk.rename(partial, target)
        disk.sync(target.parent)


def _hold(store: Store, folder: Path) -> None:
    """Copy the index and link its blobs, which whoever removes them then cannot take away, under the write lock."""
    with (
        store.transaction(),
        closing(sqlite3.connect(store.root / "hub.sqlite")) as index,
        closing(sqlite3.connect(folder / "hub.sqlite")) as copy,
    ):
        index.backup(copy)
        for (sha256,) in index.execute(_BLOBS):
            held = folder / "blobs" / sha256[:2] / sha256
            held.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(store.blobs.path(sha256), held)
            except FileNotFoundError as fault:
                raise HubError(500, f"the blob {sha256} is missing: see hub verify --root {store.root}") from fault


def _pack(folder: Path, partial: Path) -> None:
    if partial.suffix == ".tar":
        with tarfile.open(partial, "x") as archive:
            archive.add(folder, arcname=".")
        partial.chmod(0o600)
    else:
        shutil.copytree(folder, partial)


def _unpack(backup: Path, partial: Path) -> None:
    if backup.is_dir():
        shutil.copytree(backup, partial)
    else:
        with tarfile.open(backup, "r:") as archive:
            members = [member for member in archive if member.isfile() or member.isdir()]
            archive.extractall(partial, members, filter="data")
    for path in partial.glob("blobs/??/*"):
        path.chmod(0o444)


def _check_version(backup: Path, partial: Path) -> None:
    if not (partial / "hub.sqlite").is_file():
        raise HubError(400, f"{backup} is not a backup of a Hub: name what hub backup wrote")
    with closing(sqlite3.connect(partial / "hub.sqlite")) as index:
        version = index.execute("PRAGMA user_version").fetchone()[0]
    check_version(version, backup, "upgrade hf-factory to restore it")


def _check(store: Store, backup: Path) -> None:
    missing = [sha256 for (sha256,) in store.db.execute(_BLOBS) if not store.blobs.path(sha256).is_file()]
    problems = [f"the blob {sha256} is missing" for sha256 in missing] or find_problems(store)
    if problems:
        more = f" and {len(problems) - 1} more problems" if len(problems) > 1 else ""
        raise HubError(400, f"{backup} is damaged ({problems[0]}{more}): restore another backup")
