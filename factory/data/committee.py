"""Let several teachers decide together what the label of a text is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from factory.data.examples import Example, read_examples, write_examples
from factory.recipe import Task
from factory.store import Artifact
from factory.teacher import Answer
from factory.teacher.votes import count_votes

DIVIDED = "the teachers disagree"


def take_votes(labelled: list[Artifact], task: Task, *, out: Path) -> None:
    """Write `examples.jsonl`: the same rows as each of `labelled` has, with the label that most of them give.

    Where the most votes are shared a row has no label. `votes.jsonl` keeps, for each row, what each teacher said.
    """
    given = [read_examples(artifact.path / "examples.jsonl") for artifact in labelled]
    together = list(zip(*given, strict=True))
    write_examples(out / "examples.jsonl", (_decide(rows, task) for rows in together))
    with (out / "votes.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for rows in together:
            row = {"id": rows[0].id, "answers": [answer.answer for answer in rows]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_votes(labelled: Artifact) -> Iterator[list[Any]]:
    """Yield what each teacher said of each text, None where it said nothing; nothing where one teacher decided."""
    path = labelled.path / "votes.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield [tuple(said) if isinstance(said, list) else said for said in json.loads(line)["answers"]]


def _decide(rows: tuple[Example, ...], task: Task) -> Example:
    answers = [Answer(row.label, row.reason, row.confidence, row.probabilities, row.labels) for row in rows]
    answer = count_votes(answers, task.names, DIVIDED)
    return replace(rows[0], **vars(answer))
