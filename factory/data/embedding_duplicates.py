"""Remove texts that mean what another one says in other words, or what a text of gold says.

Words in common find copies; this finds rewordings, by the cosine between two texts' vectors from a base model as it is
(semantic deduplication: Abbas et al. 2023). From which cosine on two texts say the same depends on the model and the
task: MiniLM finds half of all pairs of 1,000 sentences about the climate 0.33 alike and one pair in a thousand 0.75;
0.95 removes 4 of the sentences, 0.9 removes 16 and 0.8 removes 65.

That model (22 million parameters) reads them in 20 CPU-seconds, of which some are its start. Comparing grows with the
square, 0.01 CPU-seconds for 1,000 rows and 2.7 for 20,000, hence a minute or so for 100,000; it goes by blocks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import read_examples
from factory.data.filtering import content_key, write_sifted
from factory.recipe import Task
from factory.recipe_students import Head
from factory.store import Artifact

BLOCK_ROWS = 2_000
ROUNDING = 1e-5  # equal texts have a cosine of almost 1
OF_GOLD = "means the same as gold"
OF_ANOTHER = "means the same as another"
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def drop_rewordings(
    sifted: Artifact, gold: Artifact | None, base: Artifact, reader: Head, task: Task, similarity: float, *, out: Path
) -> None:
    """Write `kept.jsonl`, `rejected.jsonl` and `counts.json` as `filter_examples` does, with fewer rows kept.

    Rows with other answers are not compared. Which of those that repeat each other stays depends on content, not on
    order. Raises TrainingError for a base model that cannot be used, and DataError when no row is left.
    """
    from factory.students.embedding import read_vectors

    rows = read_examples(sifted.path / "kept.jsonl")
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    vectors = read_vectors([*rows, *trusted], task, reader, base.path)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), ROUNDING)
    own, golden = vectors[: len(rows)], vectors[len(rows) :]
    reasons = dict.fromkeys(np.flatnonzero(are_near(own, golden, similarity)).tolist(), OF_GOLD)
    places = defaultdict[object, list[int]](list)
    for place, row in enumerate(rows):
        if place not in reasons:
            places[row.answer].append(place)
    for same in places.values():
        repeated = np.flatnonzero(find_repeated(own[same], similarity))
        reasons |= dict.fromkeys((same[number] for number in repeated.tolist()), OF_ANOTHER)
    removed = [replace(row, reason=reasons[place]) for place, row in enumerate(rows) if place in reasons]
    rejected = sorted([*read_examples(sifted.path / "rejected.jsonl"), *removed], key=content_key)
    masked = json.loads((sifted.path / "counts.json").read_text(encoding="utf-8"))["masked"]
    write_sifted([row for place, row in enumerate(rows) if place not in reasons], rejected, out, masked)


def find_repeated(vectors: Floats, similarity: float) -> Flags:
    """Return for each row of unit vectors whether it is near an earlier one that is not itself repeated."""
    kept = np.zeros(len(vectors), dtype=bool)
    for start in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[start : start + BLOCK_ROWS]
        near = are_near(block, vectors[:start][kept[:start]], similarity)
        alike = block @ block.T >= similarity - ROUNDING
        stay = kept[start : start + BLOCK_ROWS]  # a view
        for place in np.flatnonzero(~near).tolist():
            stay[place] = not (alike[place, :place] & stay[:place]).any()
    return ~kept


def are_near(vectors: Floats, others: Floats, similarity: float) -> Flags:
    """Return for each row of unit vectors whether any of `others` has a cosine of at least `similarity` to it."""
    near = np.zeros(len(vectors), dtype=bool)
    for start in range(0, len(vectors), BLOCK_ROWS):
        block, found = vectors[start : start + BLOCK_ROWS], near[start : start + BLOCK_ROWS]
        for begin in range(0, len(others), BLOCK_ROWS):
            found |= (block @ others[begin : begin + BLOCK_ROWS].T).max(axis=1) >= similarity - ROUNDING
    return near
