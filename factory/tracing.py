"""Walk back from a row of a published dataset to what the teacher was asked and what it replied."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from factory.errors import DataError
from factory.hub.fetch import fetch_file
from factory.hub.target import Target, open_target

SPLITS = ("train", "validation", "test")
Json = dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """One row, the stage that labelled it, and every call about its text that the ledger of this machine knows."""

    row: Json
    split: str
    stages: list[Json]
    teacher: str
    calls: list[Json]

    def as_json(self) -> Json:
        """Return the document of `factory trace --format json`."""
        return {
            "split": self.split,
            "row": self.row,
            "stages": self.stages,
            "teacher": self.teacher,
            "calls": self.calls,
        }

    def __str__(self) -> str:
        head = [f"{self.split}: {self.row['text']}", f"label: {self._answer}, by {self.teacher}"]
        if second := self.row.get("text_pair"):
            head.insert(1, f"and: {second}")
        stages = [f"stage: {stage['stage']} {stage['key']}" for stage in self.stages]
        calls = [_describe(call) for call in self.calls]
        return "\n".join([*head, *stages, *(calls or ["no call about this text is in the ledger of this machine"])])

    @property
    def _answer(self) -> str:
        if "labels" in self.row:
            return ", ".join(self.row["labels"]) or "none applies"
        return str(self.row["label"])


def trace_row(model: str, number: int) -> Trace:
    """Return what lies behind row `number`, from 0, of the dataset that `model` was trained with.

    Rows are counted through the splits in their order: train, validation, test. Raises HubError when the model or its
    dataset cannot be read, DataError when there is no such row.
    """
    with open_target() as target:
        provenance = json.loads(fetch_file(target, model, "provenance.json").read_text(encoding="utf-8"))
        split, row = _find_row(target, f"{model.split('/')[0]}/{provenance['recipe']['name']}", provenance, number)
    stages = [stage for stage in provenance["stages"] if stage.get("stage") in ("label_texts", "take_votes")]
    return Trace(row, split, stages, provenance["teacher"]["model"], _find_calls(str(row["id"])))


def _find_row(target: Target, dataset: str, provenance: Json, number: int) -> tuple[str, Json]:
    from factory.data.tables import read_rows

    left = number
    for split in SPLITS:
        name = f"data/{split}-00000-of-00001.parquet"
        path = fetch_file(target, dataset, name, repo_type="dataset", revision=f"release-{provenance['release']}")
        for _, row in read_rows(path):
            if left == 0:
                return split, row
            left -= 1
    raise DataError(f"{dataset} has {number - left} rows and no row {number}; count from 0")


def _find_calls(subject: str) -> list[Json]:
    from factory.spending import find_ledger
    from factory.teacher.ledger import Ledger

    path = find_ledger()
    if not path.exists():
        return []
    with closing(Ledger(path)) as ledger:
        return [{**call, "request": json.loads(call["request"])} for call in ledger.replies(subject)]


def _describe(call: Json) -> str:
    prompt = "\n".join(f"  {message['role']}: {message['content']}" for message in call["request"]["messages"])
    cost = f"{call['input_tokens']} tokens in, {call['output_tokens']} out, ${call['dollars']:.6f}"
    asked = f"asked {call['model']} at {call['when']} ({cost}, {call['seconds']:.2f} s):"
    return f"{asked}\n{prompt}\n  reply: {call['reply']}"
