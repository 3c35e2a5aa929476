"""Score a text classifier that somebody published on rows that you have labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.data.gold import iter_gold
from factory.evaluation.markdown import columns, plain
from factory.evaluation.scoreboard import percent
from factory.evaluation.scoring import score_answers, trusted_answers
from factory.recipe import Gold, Kind, Task
from factory.students.loading import load

MEASURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "micro_f1": "micro-F1"}


@dataclass(frozen=True)
class Audit:
    """What a model scored on gold rows, each measure with a 95 % interval."""

    model: str
    gold: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the document of `factory audit --format json`."""
        return {"model": self.model, "gold": self.gold}

    def __str__(self) -> str:
        shown = [(name, percent(self.gold[key])) for key, name in MEASURES.items() if key in self.gold]
        labels = [
            [
                plain(label),
                str(score["support"]),
                *(f"{100 * score[name]:.1f}" for name in ("precision", "recall", "f1")),
            ]
            for label, score in self.gold["per_label"].items()
        ]
        table = columns(["label", "rows", "precision", "recall", "F1"], labels)
        head = [f"{self.model} on {self.gold['rows']:,} gold rows, in per cent with 95 % intervals:"]
        return "\n".join([*head, *(f"  {name:<9} {value}" for name, value in shown), "", table])


def audit_model(
    model: str, gold: Path, *, text_column: str = "text", label_column: str = "label", revision: str | None = None
) -> Audit:
    """Return the scores of a model of a Hub, or in a folder, on the rows of a CSV, JSONL or Parquet file.

    Raises HubError when the model cannot be loaded safely, DataError with file:line for a row that cannot be used,
    such as one whose label the model does not know.
    """
    classify = load(model, revision)
    single: Kind = "pair" if classify.reads_pairs else "single-label"
    kind: Kind = single if classify.thresholds is None else "multi-label"
    columns_of = Gold(file=str(gold), text=text_column, label=label_column, labelled_by="you")
    rows = list(iter_gold(gold, columns_of, kind, classify.labels))
    said = classify([row.content for row in rows])
    if kind == "multi-label":
        predicted = [tuple(answer["label"] for answer in answers) for answers in said]
    else:
        predicted = [answer["label"] for answer in said]
    task = Task(kind=kind, text="A text", question="Which label?", labels={name: name for name in classify.labels})
    return Audit(model, score_answers(trusted_answers(rows), predicted, task))
