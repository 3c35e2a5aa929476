"""From a recipe to a small published model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from factory.hub.publish import publish as publish
    from factory.pipeline import build as build
    from factory.recipe import Recipe as Recipe
    from factory.students.loading import load as load

__all__ = ["Recipe", "build", "load", "publish"]
__version__ = "0.1.0"

_HOMES = {
    "Recipe": "factory.recipe",
    "build": "factory.pipeline",
    "load": "factory.students.loading",
    "publish": "factory.hub.publish",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import factory` stays light."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'factory' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
