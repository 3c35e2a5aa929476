"""Which Parquet files make up the configurations and splits of a dataset, by its card or by the files' names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

_NAMED = re.compile(r"(?:^|[^a-z])(train|validation|valid|val|dev|test|eval)(?:[^a-z]|$)")
_CANONICAL = {"valid": "validation", "val": "validation", "dev": "validation", "eval": "test"}


@dataclass(frozen=True)
class Split:
    """The Parquet files of one split, in order."""

    config: str
    name: str
    paths: tuple[str, ...]


def find_splits(card: dict[str, Any], paths: Iterable[str]) -> list[Split]:
    """Return the splits that a card declares under `configs`; without any, those that file names tell.

    Source: "Manual configuration" and "Automatic splits" in the Hub's documentation of datasets.
    """
    parquet = sorted(path for path in paths if path.endswith(".parquet"))
    declared = list(_declared(card.get("configs"), parquet))
    return declared or _automatic(parquet)


def _declared(configs: Any, paths: list[str]) -> Iterator[Split]:
    for config in configs if isinstance(configs, list) else []:
        if not isinstance(config, dict):
            continue
        name = str(config.get("config_name", "default"))
        for split, patterns in _patterns(config.get("data_files")):
            found = tuple(path for path in paths if any(_matches(path, pattern) for pattern in patterns))
            if found:
                yield Split(name, split, found)


def _patterns(data_files: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the splits and glob patterns of the forms that `data_files` may have."""
    if isinstance(data_files, dict):
        data_files = [{"split": split, "path": path} for split, path in data_files.items()]
    if isinstance(data_files, str):
        data_files = [data_files]
    if not isinstance(data_files, list):
        return
    plain = [item for item in data_files if isinstance(item, str)]
    if plain:
        yield "train", plain
    for item in data_files:
        if isinstance(item, dict) and "path" in item:
            path = item["path"]
            yield str(item.get("split", "train")), [str(one) for one in (path if isinstance(path, list) else [path])]


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) and ("**" in pattern or path.count("/") == pattern.count("/"))


def _automatic(paths: list[str]) -> list[Split]:
    files: dict[str, list[str]] = {}
    for path in paths:
        found = _NAMED.search(path.lower())
        files.setdefault(_CANONICAL.get(found[1], found[1]) if found else "train", []).append(path)
    order = ["train", "validation", "test"]
    return [Split("default", name, tuple(files[name])) for name in order if name in files]
