"""Bring base models and rows from a Hub into the store; only plain data, never code."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.faults import explained
from factory.hub.target import HUGGING_FACE, Target
from factory.store import version

if TYPE_CHECKING:
    from huggingface_hub.hf_api import DatasetInfo, ModelInfo

WEIGHTS = ["model.safetensors", "model-?????-of-?????.safetensors", "model.safetensors.index.json"]
SETTINGS = ["config.json", "generation_config.json", "chat_template.jinja", "1_Pooling/config.json"]
TOKENIZER = [
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt"),
    *("vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"),
]
ROWS = ["README.md", *(f"*.{suffix}" for suffix in ("parquet", "jsonl", "json", "csv", "jsonl.gz", "csv.gz"))]
PICKLES = ["*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack"]
DOWNLOADED = "download.partial"
TIMEOUT_SECONDS = 10.0
log = logging.getLogger("factory")


@dataclass(frozen=True)
class Fetcher:
    """Where repositories are looked for: on the target, then on `fallback`, then in the cache of HF_HOME.

    Which Hub answered is no part of a stage's key; what it gave is.
    """

    target: Target
    fallback: str | None = HUGGING_FACE

    @property
    def identity(self) -> dict[str, Any]:
        """Its part of a stage's key: nothing."""
        return {}

    def places(self) -> Iterator[Target]:
        """Yield the Hubs to ask, in order."""
        yield self.target
        if self.fallback and (self.target.is_embedded or self.target.endpoint != self.fallback):
            yield Target.at(Access(self.fallback))


@version(2)
def fetch_base_model(repo_id: str, revision: str, source: Fetcher, *, out: Path) -> None:
    """Write the safetensors, configuration and tokenizer of a model, and source.json that says where they are from.

    Raises HubError when no Hub has it, and for one that has only pickled weights or needs code of its own.
    """
    with _unpacked(source, repo_id, "model", revision, [*WEIGHTS, *SETTINGS, *TOKENIZER], out) as folder:
        _check_model(repo_id, folder)
        for name in _names(folder):
            (out / name).parent.mkdir(exist_ok=True)
            (folder / name).replace(out / name)


def fetch_rows(repo_id: str, revision: str, split: str, source: Fetcher, *, out: Path) -> None:
    """Write one split of a dataset as rows.jsonl, class numbers turned into names, and source.json.

    Raises HubError when no Hub has it or it has no such split.
    """
    with (
        _unpacked(source, repo_id, "dataset", revision, ROWS, out) as folder,
        (out / "rows.jsonl").open("w", encoding="utf-8", newline="\n") as file,
    ):
        for row in _read_split(repo_id, folder, split):
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def fetch_file(
    target: Target, repo_id: str, name: str, *, repo_type: str = "model", revision: str | None = None
) -> Path:
    """Return one file of a repository on the target Hub, from the cache if it is there; raises HubError."""
    with explained(f"{name} of {repo_id} on {target.name}"):
        return Path(target.api.hf_hub_download(repo_id, name, repo_type=repo_type, revision=revision))


def find_file(
    target: Target, repo_id: str, name: str, *, repo_type: str = "model", revision: str | None = None
) -> Path | None:
    """Return one file of a repository, None where the Hub says that there is none; raises HubError otherwise.

    The commit is asked for first: of a repository that is gone the client would give what its cache has.
    """
    from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        with explained(f"{name} of {repo_id} on {target.name}"):
            commit = target.api.repo_info(repo_id, repo_type=repo_type, revision=revision).sha
        return fetch_file(target, repo_id, name, repo_type=repo_type, revision=commit)
    except HubError as fault:
        if isinstance(fault.__cause__, RemoteEntryNotFoundError | RepositoryNotFoundError | RevisionNotFoundError):
            return None
        raise


def find_info(place: Target, repo_id: str, repo_type: str, revision: str) -> ModelInfo | DatasetInfo | None:
    """Return what a Hub says of a repository, None if it has none by that name or cannot be reached."""
    from httpx2 import TransportError
    from huggingface_hub.errors import (
        GatedRepoError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    ask = place.api.model_info if repo_type == "model" else place.api.dataset_info
    try:
        return ask(repo_id, revision=revision, timeout=TIMEOUT_SECONDS)
    except GatedRepoError:
        raise
    except (RepositoryNotFoundError, RevisionNotFoundError, TransportError, OfflineModeIsEnabled) as fault:
        log.debug("%s on %s: %s", repo_id, place.name, fault)
        return None


@contextmanager
def _unpacked(
    source: Fetcher, repo_id: str, repo_type: str, revision: str, patterns: list[str], out: Path
) -> Iterator[Path]:
    """Yield a folder below `out` with the repository's files; it goes, and source.json comes, when the block ends."""
    folder = out / DOWNLOADED
    sha = _download(source, repo_id, repo_type, revision, patterns, folder)
    yield folder
    shutil.rmtree(folder)
    found = {"repo_id": repo_id, "revision": revision, "sha": sha}
    (out / "source.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _download(
    source: Fetcher, repo_id: str, repo_type: str, revision: str, patterns: list[str], folder: Path
) -> str | None:
    """Fill `folder` and return the commit; None for one of the embedded Hub, which means nothing elsewhere."""
    asked = []
    for place in source.places():
        asked.append(place.name)
        with explained(f"{repo_id} on {place.name}"):
            if info := find_info(place, repo_id, repo_type, revision):
                log.info("%s: from %s", repo_id, place.name)
                _check_files(repo_id, [sibling.rfilename for sibling in info.siblings or []], repo_type)
                place.api.snapshot_download(
                    repo_id, repo_type=repo_type, revision=info.sha, local_dir=folder, allow_patterns=patterns
                )
                return None if place.is_embedded else info.sha
    return _copy_cached(repo_id, repo_type, revision, patterns, folder, " nor ".join(asked))


def _copy_cached(repo_id: str, repo_type: str, revision: str, patterns: list[str], folder: Path, asked: str) -> str:
    """Fill `folder` from the cache that other Hugging Face libraries share and return the commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        cached = Path(snapshot_download(repo_id, repo_type=repo_type, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as fault:
        raise HubError(
            f"{repo_id} at revision {revision} was found neither on {asked}; check the name and the connection, or "
            f"bring a copy of it: factory hub import FOLDER {repo_id}{_type_option(repo_type)}"
        ) from fault
    log.info("%s: from the cache", repo_id)
    for name in filter(lambda name: _matches(name, patterns), _names(cached)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cached / name, folder / name)
    _check_files(repo_id, _names(folder), repo_type)
    return cached.name


def _check_files(repo_id: str, names: list[str], repo_type: str) -> None:
    """Refuse a model whose files transformers could only load by unpickling them, or not at all."""
    if repo_type != "model" or any(_matches(name, WEIGHTS[:2]) for name in names):
        return
    if any(_matches(name, PICKLES) for name in names):
        raise HubError(f"{repo_id} has only pickled weights, which can run code; choose one with model.safetensors")
    raise HubError(f"{repo_id} has no model.safetensors; choose a transformers encoder as base_model")


def _check_model(repo_id: str, folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        if not (folder / name).is_file():
            raise HubError(f"{repo_id} has no {name}; choose a transformers encoder with a tokenizer as base_model")
        if "auto_map" in json.loads((folder / name).read_text(encoding="utf-8")):
            raise HubError(f"{repo_id} needs code of its own (auto_map in {name}), which is never run; choose another")


def _read_split(repo_id: str, folder: Path, split: str) -> Iterator[dict[str, Any]]:
    from datasets import ClassLabel, load_dataset
    from datasets.exceptions import DatasetsError

    try:
        rows = load_dataset(str(folder), split=split, streaming=True)
        items = {name: getattr(kind, "feature", kind) for name, kind in (rows.features or {}).items()}
        classes = {name: kind for name, kind in items.items() if isinstance(kind, ClassLabel)}
        for row in rows:
            yield {name: _class_name(classes.get(name), value) for name, value in row.items()}
    except (DatasetsError, ValueError, FileNotFoundError) as fault:
        said = " ".join(str(fault).split())[:200]
        raise HubError(f"{repo_id}: the split '{split}' cannot be read ({said}); see the dataset's page") from fault


def _class_name(kind: Any, value: Any) -> Any:
    """Return the name of a class number, or of each in a list; -1 says that a label is kept secret."""
    if kind and isinstance(value, list):
        return [_class_name(kind, item) for item in value]
    if kind is None or not isinstance(value, int):
        return value
    return kind.int2str(value) if value >= 0 else None


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _type_option(repo_type: str) -> str:
    return "" if repo_type == "model" else f" --type {repo_type}"


def _names(folder: Path) -> list[str]:
    """Return the files below `folder` but the downloader's own, which are in .cache."""
    files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(file.as_posix() for file in files if file.parts[0] != ".cache")
