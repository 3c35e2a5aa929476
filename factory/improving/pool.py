"""Texts that wait to be asked about: drawn at random, or chosen where a student is unsure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from factory.data.examples import Text, example_id, is_blank, read_examples, write_examples
from factory.data.unlabelled import sift_texts
from factory.recipe import Filter
from factory.store import Artifact

MAX_WAITING = 2_000  # texts that a round chooses among: a student reads all of them in every round


def draw_texts(texts: Artifact, skip: int, rows: int, *, out: Path) -> None:
    """Write `texts.jsonl`: `rows` of the texts in random order, which their content gives, after the first `skip`."""
    by_content = {row.content: row for row in read_examples(texts.path / "texts.jsonl")}
    write_examples(out / "texts.jsonl", (by_content[text] for text in islice(shuffle(by_content), skip, skip + rows)))


def select_pool(
    texts: Artifact, start: int, gold: Artifact | None, filter: Filter, language: str, *, out: Path
) -> None:
    """Write `texts.jsonl`: the texts that come after the first `start`, where they pass every filter of texts.

    So nothing is paid for a text that the filters would remove whatever its label; personal data is masked already.
    """
    by_content = {row.content: row for row in read_examples(texts.path / "texts.jsonl")}
    drawn = list(shuffle(by_content))
    first = {example_id(text) for text in drawn[:start]}
    waiting = (by_content[text] for text in drawn[start : start + MAX_WAITING])
    write_examples(out / "texts.jsonl", sift_texts(waiting, first, gold, filter, language))


def choose_texts(pool: Artifact, said: Artifact, taken: list[Artifact], rows: int, *, out: Path) -> None:
    """Write `texts.jsonl`: the `rows` of `pool` that a student is least sure of by its margins (Scheffer et al. 2001).

    `said` is what `ask_proxy` wrote; texts in `taken` are not chosen again.
    """
    with (said.path / "margins.jsonl").open(encoding="utf-8") as lines:
        margins = {row["id"]: row["margin"] for row in map(json.loads, lines)}
    gone = {row.id for artifact in taken for row in read_examples(artifact.path / "texts.jsonl")}
    waiting = [row for row in read_examples(pool.path / "texts.jsonl") if row.id not in gone]
    write_examples(out / "texts.jsonl", sorted(waiting, key=lambda row: (margins[row.id], row.id))[:rows])


def shuffle(texts: Iterable[Text]) -> list[Text]:
    """Return each text that is not blank once, in an order that is random and the same whatever order they come in."""
    return sorted((text for text in dict.fromkeys(texts) if not is_blank(text)), key=_rank)


def _rank(text: Text) -> str:
    return hashlib.sha256(f"drawn {example_id(text)}".encode()).hexdigest()
