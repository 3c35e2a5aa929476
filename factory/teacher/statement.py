"""What was asked and paid, as text: sums, and a line for each recipe and model."""

from __future__ import annotations

from typing import Any

from factory.recipe import Price

COLUMNS = ("calls", "retries", "estimated", "input_tokens", "output_tokens", "dollars")


def write_statement(summary: dict[str, Any], price: Price | None = None) -> str:
    """Return what `summarise` and `estimate_untold` found as lines to read; `price` is the one that holds now."""
    sums = [f"{name.replace('_', ' '):<14} {summary[name]}" for name in ("calls", "cached", *COLUMNS[1:])]
    if price:
        day = f", as of {price.date}" if price.date else ""
        sums.append(f"{'price':<14} ${price.input:g} in, ${price.output:g} out per million tokens{day}")
    if untold := summary["untold"]:
        counted = f"{untold['booked_tokens']} tokens at most, about {untold['likely_tokens']} by length"
        sums.append(f"{'untold':<14} {untold['answers']} answers: {counted}")
    rows = [
        [recipe, model, *(str(paid[name]) for name in COLUMNS)]
        for recipe, models in summary["by_recipe"].items()
        for model, paid in models.items()
    ]
    return "\n".join([*sums, *(["", *_align([_head(), *rows])] if rows else [])])


def _head() -> list[str]:
    return ["recipe", "model", *(name.replace("_", " ") for name in COLUMNS)]


def _align(rows: list[list[str]]) -> list[str]:
    """Return the rows as lines: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [[cell.ljust(w) if n < 2 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]
             for row in rows]  # fmt: skip
    return ["  ".join(row).rstrip() for row in cells]
