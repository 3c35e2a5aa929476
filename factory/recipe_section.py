"""What every part of a recipe has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of a recipe: immutable, and refusing settings it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def later(default: Any, **facts: Any) -> Any:
    """Return the `Field` of a setting that came later: at its default it is not written out.

    So the key of a stage that takes the section stays as it was before there was the setting.
    """
    return Field(default, exclude_if=lambda value: value == default, **facts)
