"""Ask a language model: one Protocol, three implementations (HTTP, local, recorded)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from factory.data.examples import Example, Text
from factory.recipe import Generate, Task

OVER_BUDGET = "over budget"


@dataclass(frozen=True)
class Answer:
    """What the teacher said of one text: a label, or the reason why there is none; never a guess.

    In a multi-label task it is `labels`: all that apply, in the task's order; () is an answer too, and says that none
    does. `probabilities` may sum to less than 1: the rest went to no label.
    """

    label: str | None
    reason: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    labels: tuple[str, ...] | None = None


@dataclass
class Usage:
    """What a teacher has done since it was opened: calls sent, answers out of the ledger, tokens, dollars.

    `models` counts the answers by the name under which the server gave them, which may not be the name asked for.
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    models: dict[str, int] = field(default_factory=dict)


class Teacher(Protocol):
    """Whoever writes and labels texts.

    `identity` is everything that shapes its answers and nothing else: it becomes part of the key of a stage.
    """

    @property
    def name(self) -> str:
        """The model, as cards name it."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """What shapes the answers, as JSON."""
        ...

    @property
    def usage(self) -> Usage:
        """What it has done so far; zeros for a teacher that costs nothing."""
        ...

    def label(self, texts: Sequence[Text], task: Task) -> list[Answer]:
        """Return one answer a text, or pair of texts, in their order; raises TeacherError or BudgetError."""
        ...

    def write(self, task: Task, generate: Generate) -> list[Example]:
        """Return texts with the label asked for in `asked_for` (`label` is None); raises as `label` does."""
        ...
