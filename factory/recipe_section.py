"""What every part of a recipe has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a recipe: immutable, and refusing settings it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
