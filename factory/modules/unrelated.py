"""Text about other things, on which it is measured what a module does beside its task."""

from __future__ import annotations

from pathlib import Path

from factory.errors import TrainingError
from factory.store import Artifact

OURS = Path(__file__).with_name("unrelated.txt")  # one passage a line, written for this purpose


def read_unrelated(file: Artifact | None) -> list[str]:
    """Return the passages of the user's file, or of the one that comes with the factory; raises TrainingError."""
    path = file.path if file else OURS
    passages = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not passages:
        raise TrainingError(f"{path.name}: holds no text; write one passage a line, or leave `unrelated` out")
    return passages
