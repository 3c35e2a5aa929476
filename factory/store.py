"""A content-addressed store of what stages have made.

A stage is a plain function `verb_noun(inputs..., *, out: Path)`. `store(stage, *inputs)` runs it once and returns an
`Artifact`. Rules for whoever writes a stage:

- everything it reads is an argument: no environment, no clock, no global;
- `out` is a folder that may be half full from an attempt that was killed: resume or overwrite;
- equal inputs give equal bytes, whatever the order of rows or the latency of a server;
- take the narrowest section of the recipe that does the job;
- bump `@version(n)` when the same inputs should give other bytes (source code is not hashed: a comment must not cost
  a training run; versions of packages are facts in the manifest, not in the key).
"""

from __future__ import annotations

import errno
import hashlib
import inspect
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from filelock import FileLock
from pydantic import BaseModel

from factory.errors import StoreError
from factory.metering import Meter

log = logging.getLogger("factory")

Stage = Callable[..., None]
StageType = TypeVar("StageType", bound=Stage)
FACTS = ("torch", "transformers", "datasets", "scikit-learn", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Artifact:
    """A finished folder (or a user's file) and the SHA-256 of its contents."""

    path: Path
    digest: str


@runtime_checkable
class Identified(Protocol):
    """An argument that stands for more than data, such as a teacher; `identity` is its part of the key."""

    @property
    def identity(self) -> dict[str, Any]: ...


def version(number: int) -> Callable[[StageType], StageType]:
    """Mark the version of a stage; another number makes its earlier artifacts stale."""

    def mark(stage: StageType) -> StageType:
        stage.__dict__["version"] = number
        return stage

    return mark


class Store:
    """Runs stages, each at most once, under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[Path, Artifact] = {}

    def __call__(self, stage: Stage, *inputs: Any) -> Artifact:
        """Return what `stage` makes of `inputs`, from the store or by running it.

        Raises StoreError when the folder cannot be written, and whatever the stage raises.
        """
        manifest = describe(stage, inputs)
        folder = self.folder(manifest)
        if found := self.look_up(folder):
            log.debug("%s: cached", stage.__name__)
            return found
        with explained_faults(self.root), self._locked(folder.name):
            return self.look_up(folder) or self._run(stage, inputs, manifest, folder)

    def source(self, path: Path) -> Artifact:
        """Return a user's file or folder as an artifact that is named by its content."""
        if path not in self._files:
            try:
                path.stat()
                self._files[path] = Artifact(path, digest_of(hash_files(path)))
            except OSError as fault:
                raise StoreError(f"{path}: cannot be read ({fault.strerror}); check the path") from fault
        return self._files[path]

    def folder(self, manifest: dict[str, Any]) -> Path:
        """Return where the artifact with this manifest lives, finished or not."""
        return self.root / f"{manifest['stage']}-{digest_of(manifest)[:20]}"

    def look_up(self, folder: Path) -> Artifact | None:
        """Return the finished artifact in `folder`, or None; one whose files were cut or lost does not count."""
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        sizes = {name: size for name, (_, size) in manifest["files"].items()}
        if sizes != {name: path.stat().st_size for name, path in _walk(folder / "out")}:
            log.warning("%s: files are damaged; running the stage again", folder.name)
            return None
        return Artifact(folder / "out", manifest["digest"])

    def manifests(self, stage: str) -> Iterator[dict[str, Any]]:
        """Yield the manifests of earlier runs of `stage`, newest first."""
        folders = [path for path in self.root.glob(f"{stage}-*/manifest.json") if path.parent.suffix != ".partial"]
        for path in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True):
            yield json.loads(path.read_text(encoding="utf-8"))

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / f"{name}.lock"):
            yield

    def _run(self, stage: Stage, inputs: tuple[Any, ...], manifest: dict[str, Any], folder: Path) -> Artifact:
        log.info("%s: running", stage.__name__)
        partial = folder.with_name(folder.name + ".partial")
        (partial / "out").mkdir(parents=True, exist_ok=True)
        meter = Meter()
        stage(*inputs, out=partial / "out")
        files = hash_files(partial / "out")
        facts = {**meter.read(), "packages": _packages()}
        entry = {**manifest, "files": files, "digest": digest_of(files), **facts}
        finish(partial, entry)
        discard(folder)
        partial.rename(folder)
        sync(self.root)
        log.info("%s: done in %.1f s", stage.__name__, facts["seconds"])
        return Artifact(folder / "out", entry["digest"])


def describe(stage: Stage, inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Return the text that the key is hashed from: name, version, and each argument under its parameter's name."""
    names = [name for name in inspect.signature(stage).parameters if name != "out"]
    if len(names) != len(inputs):
        raise TypeError(f"{stage.__name__} takes {len(names)} inputs, got {len(inputs)}")
    arguments = {name: as_json(value) for name, value in zip(names, inputs, strict=True)}
    return {"stage": stage.__name__, "version": stage.__dict__.get("version", 1), "inputs": arguments}


def as_json(value: Any) -> Any:
    """Return what an argument contributes to a key: settings by value, artifacts by content."""
    if isinstance(value, Artifact):
        return {"artifact": value.digest}
    if isinstance(value, Identified):
        return value.identity
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def digest_of(value: Any) -> str:
    """Return the SHA-256 of `value` as JSON; the order of keys counts, as that of labels is the order of classes."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def hash_files(path: Path) -> dict[str, tuple[str, int]]:
    """Return SHA-256 and bytes of every file below `path`, by relative name; a file alone has the name ''."""
    return {name: (hash_file(file), file.stat().st_size) for name, file in _walk(path)}


def hash_file(path: Path) -> str:
    """Return the SHA-256 of one file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _walk(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [("", path)]
    return sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())


def finish(partial: Path, entry: dict[str, Any]) -> None:
    """Write the manifest and bring everything below `partial` to the disk, ready for the rename that publishes it."""
    (partial / "manifest.json").write_text(json.dumps(entry, indent=1, ensure_ascii=False), encoding="utf-8")
    for path in [*partial.rglob("*"), partial]:
        sync(path)


def sync(path: Path) -> None:
    """Bring a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(folder: Path) -> None:
    """Remove a folder whose name must stop meaning anything at once: removal file by file is not atomic."""
    if folder.exists():
        trash = folder.with_name(f".trash-{os.getpid()}-{folder.name}")
        folder.rename(trash)
        shutil.rmtree(trash)


@contextmanager
def explained_faults(root: Path) -> Iterator[None]:
    """Turn a full or read-only disk into one sentence."""
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(f"{fault.filename or root}: the disk is full; free some space and run again") from fault
        if fault.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            place = fault.filename or root
            raise StoreError(f"{place}: cannot be written; set FACTORY_HOME to a folder that can") from fault
        raise


def _packages() -> dict[str, str]:
    found = {}
    for name in FACTS:
        try:
            found[name] = version_of(name)
        except PackageNotFoundError:
            continue
    return found
