"""What there is to see in the rows of a recipe, suspicious ones first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.data.audit import read_suspicious
from factory.data.examples import Example, read_examples
from factory.errors import DataError
from factory.recipe import Recipe
from factory.release.contents import SPLITS
from factory.store import Artifact, Store

BINS = 10
MAX_SUSPICIOUS = 200
MAX_UNSURE = 20
MAX_SAMPLES = 5
Json = dict[str, Any]


@dataclass(frozen=True)
class Findings:
    """Counts of rows, and rows worth a look.

    `labels` are (label, rows in each of `splits`), `removed` (reason, rows, a few of them), `confidence` (rows, of
    them suspicious) in tenths from 0 to 1 and empty where the teacher gave none, `suspicious` rows with what the audit
    says of them, `unsure` those of which the teacher was least sure.
    """

    title: str
    is_multi_label: bool
    splits: dict[str, int]
    labels: list[tuple[str, list[int]]]
    removed: list[tuple[str, int, list[Example]]]
    confidence: list[tuple[int, int]]
    audit: Json | None
    suspicious: list[tuple[Example, Json, str]]
    unsure: list[Example]

    @property
    def rows(self) -> int:
        """How many rows are kept."""
        return sum(self.splits.values())


def inspect_recipe(recipe: Recipe) -> Findings:
    """Return what the rows of a recipe look like, from what earlier runs made; nobody is asked.

    Labels are audited now if they have not been before. Raises DataError where the rows are not there yet.
    """
    from factory.bench import Bench
    from factory.hub.fetch import Fetcher
    from factory.hub.target import factory_home, open_target
    from factory.pipeline import gather_rows
    from factory.planning import Planner

    store = Store(factory_home() / "store")
    with open_target() as target:
        source = Fetcher(target)
        kept = gather_rows(Bench(recipe, Planner(store.root), source)).kept
        audited = Bench(recipe, store, source).audit(kept) if kept.path.exists() else None
        splits = gather_rows(Bench(recipe, Planner(store.root), source)).splits
    if not splits.path.exists():
        raise DataError(f"{recipe.path}: its rows are not there yet; factory build {recipe.path}")
    return find(recipe, kept, splits, audited)


def find(recipe: Recipe, kept: Artifact, splits: Artifact, audited: Artifact | None) -> Findings:
    """Return what `kept` and `splits` hold and `audited` says of it."""
    parts = {name: read_examples(splits.path / f"{part}.jsonl") for part, name in SPLITS.items()}
    rejected = [*read_examples(kept.path / "rejected.jsonl"), *_read_if_there(splits.path / "dropped.jsonl")]
    rows = [row for part in parts.values() for row in part]
    suspicious = list(_join(audited, parts, rejected)) if audited else []
    return Findings(
        title=recipe.title,
        is_multi_label=recipe.task.kind == "multi-label",
        splits={name: len(part) for name, part in parts.items()},
        labels=[(label, _count(label, parts)) for label in recipe.task.names],
        removed=list(_group(rejected)),
        confidence=_share_out(rows, {row.id for row, *_ in suspicious}),
        audit=json.loads((audited.path / "audit.json").read_text(encoding="utf-8")) if audited else None,
        suspicious=suspicious[:MAX_SUSPICIOUS],
        unsure=sorted(
            (row for row in rows if row.confidence is not None), key=lambda row: (row.confidence or 0, row.id)
        )[:MAX_UNSURE],
    )


def _read_if_there(path: Path) -> list[Example]:
    return read_examples(path) if path.is_file() else []


def _join(
    audited: Artifact, parts: Mapping[str, Sequence[Example]], rejected: Iterable[Example]
) -> Iterator[tuple[Example, Json, str]]:
    """Yield each suspicious row with what the audit says, and the split that it is in ("dropped" if in none)."""
    places = {row.id: (row, "dropped") for row in rejected}
    places |= {row.id: (row, name) for name, part in parts.items() for row in part}
    for line in read_suspicious(audited.path):
        row, name = places[line["id"]]
        yield row, line, name


def _count(label: str, parts: Mapping[str, Sequence[Example]]) -> list[int]:
    return [sum(label in row.given_labels for row in part) for part in parts.values()]


def _group(rejected: Sequence[Example]) -> Iterator[tuple[str, int, list[Example]]]:
    for reason, count in sorted(Counter(row.reason or "" for row in rejected).items(), key=lambda it: (-it[1], it[0])):
        yield reason, count, [row for row in rejected if row.reason == reason][:MAX_SAMPLES]


def _share_out(rows: Sequence[Example], suspicious: set[str]) -> list[tuple[int, int]]:
    """Return how many rows have a confidence in each tenth, and how many of these are suspicious."""
    sure = [row for row in rows if row.confidence is not None]
    bins = [min(int((row.confidence or 0) * BINS), BINS - 1) for row in sure]
    doubted = Counter(place for place, row in zip(bins, sure, strict=True) if row.id in suspicious)
    counts = Counter(bins)
    return [(counts[place], doubted[place]) for place in range(BINS)] if sure else []
