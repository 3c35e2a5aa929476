"""What a method is given to learn from, and what it hands back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.data.examples import Example
from factory.recipe import Task
from factory.recipe_students import AnyStudent

Facts = dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """Rows to learn, and the model to start from.

    A method learns twice. In the search there are `validation` rows, by which it settles what it does not know yet
    (epochs, a penalty, thresholds). In the second pass there are none: `rows` holds them too, and `found` what the
    search found. `base` is the folder of the base model, `larger` that of a trained larger student, `place` one
    whose files survive a kill.
    """

    rows: Sequence[Example]
    validation: Sequence[Example]
    task: Task
    student: AnyStudent
    place: Path
    base: Path = Path()
    larger: Path | None = None
    unlabelled: Sequence[Example] = ()
    found: Facts = field(default_factory=dict)

    @property
    def balanced_rows(self) -> list[Example]:
        """The rows; with `balance: sampling`, those of rare labels repeated until no label is much rarer."""
        if self.student.balance != "sampling":
            return list(self.rows)
        counts = Counter(label for row in self.rows for label in row.given_labels)
        most = max(counts.values())
        repeats = [max((most // counts[label] for label in row.given_labels), default=1) for row in self.rows]
        return [row for row, times in zip(self.rows, repeats, strict=True) for _ in range(times)]

    @property
    def labelled_rows(self) -> list[Example]:
        """The balanced rows that have an answer: all but those that only a larger student has read."""
        return [row for row in self.balanced_rows if row.answer is not None]

    @property
    def label_weights(self) -> list[float] | None:
        """With `balance: weights`, a weight for each label of the task, inverse to its rows, with mean 1 over rows."""
        if self.student.balance != "weights":
            return None
        counts = Counter(label for row in self.rows for label in row.given_labels)
        total, kinds = sum(counts.values()), sum(count > 0 for count in counts.values())
        return [total / (kinds * counts[name]) if counts[name] else 1.0 for name in self.task.names]


@dataclass(frozen=True)
class Fitted:
    """A student that has learned: how to write it to a folder, and the facts of its training.

    Facts of a search hold `macro_f1` on validation rows, by which runs are compared, and what the second pass needs.
    `save_adapter` writes what was trained without the base model, where that was asked for.
    """

    save: Callable[[Path], None]
    facts: Facts
    save_adapter: Callable[[Path], None] | None = None
