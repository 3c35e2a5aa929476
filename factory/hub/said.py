"""What a model that was pulled back says of a row, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from factory.data.examples import Text


@dataclass(frozen=True)
class Said:
    """The labels of a row and what is told of scores; `open` are labels too near to their thresholds to insist on."""

    labels: set[str]
    scores: dict[str, float]
    open: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        shown = [f"{label} ({self.scores[label]:.3f})" for label in sorted(self.labels)]
        return ", ".join(shown) or "nothing"


Ask = Callable[[Sequence[Text]], Iterator[Said]]
