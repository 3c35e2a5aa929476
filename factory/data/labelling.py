"""Have the teacher label texts, blind to any label that was asked for or is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from factory.data.examples import Example, is_blank, read_examples, write_examples
from factory.recipe import Task
from factory.store import Artifact
from factory.teacher import Answer, Teacher

BLANK = Answer(None, reason="blank text")


def label_texts(texts: Artifact, task: Task, teacher: Teacher, *, out: Path) -> None:
    """Write `examples.jsonl`: the rows of the one JSONL file in `texts`, in their order, as the teacher labels them.

    A text, or a pair of texts, that occurs twice is asked about once, a blank one never. An unanswered row has no
    label but a reason. Raises TeacherError or BudgetError.
    """
    (path,) = texts.path.glob("*.jsonl")
    rows = read_examples(path)
    asked = [text for text in dict.fromkeys(row.content for row in rows) if not is_blank(text)]
    answers = dict(zip(asked, teacher.label(asked, task), strict=True))
    write_examples(out / "examples.jsonl", (_answered(row, answers.get(row.content, BLANK)) for row in rows))


def _answered(row: Example, answer: Answer) -> Example:
    return replace(
        row,
        label=answer.label,
        labels=answer.labels,
        confidence=answer.confidence,
        probabilities=answer.probabilities,
        reason=answer.reason,
    )
