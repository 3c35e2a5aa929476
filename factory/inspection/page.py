"""Findings as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.data.examples import parts_of
from factory.evaluation.markdown import plain
from factory.inspection.findings import BINS, Findings
from factory.inspection.text import describe_audit

TEMPLATE = Path(__file__).with_name("page.html.jinja")
WIDTH, HEIGHT, GAP = 640, 140, 4


def render_page(findings: Findings) -> str:
    """Return the page; whatever comes from rows, labels or the recipe is escaped."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    templates = SandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_clean
    )
    template = templates.from_string(TEMPLATE.read_text(encoding="utf-8"))
    totals = [sum(counts) for _, counts in findings.labels]
    return template.render(
        found=findings,
        on_audit=describe_audit(findings),
        parts_of=parts_of,
        totals=totals,
        most=max([*totals, 1]),
        bars=_place_bars(findings.confidence),
        width=WIDTH,
        height=HEIGHT,
        removed=sum(count for _, count, _ in findings.removed),
    )


def _place_bars(confidence: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return where each bar of the plot stands, how high it is, and how high the suspicious part of it."""
    most = max([rows for rows, _ in confidence], default=0) or 1
    step = WIDTH / BINS
    return [
        {
            "x": place * step + GAP / 2,
            "width": step - GAP,
            "rows": rows,
            "doubted": doubted,
            "height": round(HEIGHT * rows / most, 1),
            "doubted_height": round(HEIGHT * doubted / most, 1),
            "label": f"{place / BINS:.1f}",
        }
        for place, (rows, doubted) in enumerate(confidence)
    ]


def _clean(value: Any) -> Any:
    """Return text without control characters and without marks that turn the direction of what follows."""
    return plain(value) if type(value) is str else value
