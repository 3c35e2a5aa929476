"""The numbers, the table and the figure of the modules that were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from factory.evaluation.markdown import table
from factory.evaluation.scoreboard import megabytes, percent
from factory.modules.figures import explain_figures, list_accuracy, list_calls, nats

BAR, GAP, LEFT, WIDTH = 18, 8, 250, 420  # of the figure, in pixels
Json = dict[str, Any]


def write_results(known: Json, out: Path) -> None:
    """Write results.json, table.md and shares.svg."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "table.md").write_text(write_table(known), encoding="utf-8")
    (out / "shares.svg").write_text(draw_shares(known), encoding="utf-8")


def write_table(known: Json) -> str:
    """Return the page: every form in one table, gold, and calls."""
    first = next(iter(known["cells"].values()))
    shared = [["all", *row] for row in list_calls(first)[:2]]
    calls = [[name, *row] for name, entry in known["cells"].items() for row in list_calls(entry)[2:]]
    accuracy = [row for row in list_accuracy(first) if not row[0].startswith("module")]
    parts = [
        "# Modules: what each form keeps of a prompt",
        summarise(known),
        *explain_figures(first),
        "## Is the prompt worth it?",
        table(["gold labels given, %", "raw", "calibrated"], accuracy),
        "## What a call costs",
        table(["module", "one text", "CPU ms", "$/million"], shared + calls, "llrr"),
    ]
    return "\n\n".join(parts) + "\n"


def summarise(known: Json) -> str:
    """Return what was measured on what, and every form in one table."""
    cells, rows = known["cells"], known["rows"]
    figures = next(iter(cells.values()))["module"]
    gold = "gold raw / calibrated, %"
    head = ["module", "MB", "CPU-s", "KL", "fidelity", "same label, %", "side effect, nats", gold]
    note = " The row label-calibrated is measured against the calibrated labels." * ("label-calibrated" in cells)
    parts = [
        f"Base model {known['model']}, a prompt of {figures['prompt_tokens']} tokens, {rows['train']} texts to learn "
        f"from, {rows['validation']} to choose by, {rows['held_out']} to measure on.",
        table(head, [[name, *_line(entry)] for name, entry in cells.items()]),
        f"KL of the best one answer for all texts: {figures['kl_constant']:.4f}; of the base model without the "
        f"prompt: {nats(figures['kl_without_prompt'])}; always the most frequent label: "
        f"{100 * figures['majority']:.1f} %.{note}",
    ]
    return "\n\n".join(parts)


def draw_shares(known: Json) -> str:
    """Return a picture, as SVG, of the share of the prompt's effect that each module keeps: its fidelity."""
    cells = known["cells"]
    height = (BAR + GAP) * len(cells) + 50
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{LEFT}" y="18" font-weight="bold">Share of the '
        f"prompt's effect that is kept (fidelity)</text>",
    ]
    for place, (name, entry) in enumerate(cells.items()):
        lines += _draw_bar(name, entry["module"]["fidelity"], 32 + place * (BAR + GAP))
    base = height - 14
    lines.append(f'<line x1="{LEFT}" y1="26" x2="{LEFT}" y2="{base}" stroke="#444"/>')
    lines.append(f'<text x="{LEFT}" y="{height - 2}" text-anchor="middle">0: one answer for all texts</text>')
    lines.append(f'<text x="{LEFT + WIDTH}" y="{height - 2}" text-anchor="middle">1: the prompt</text></svg>')
    return "\n".join(lines) + "\n"


def _draw_bar(name: str, fidelity: Json, top: int) -> list[str]:
    low, value, high = (WIDTH * max(0.0, min(1.0, fidelity[it])) for it in ("low", "value", "high"))
    middle = top + BAR / 2
    return [
        f'<text x="{LEFT - 8}" y="{middle + 4:.0f}" text-anchor="end">{name}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{value:.1f}" height="{BAR}" fill="#4c72b0"/>',
        f'<line x1="{LEFT + low:.1f}" y1="{middle:.0f}" x2="{LEFT + high:.1f}" y2="{middle:.0f}" stroke="#222"/>',
        f'<text x="{LEFT + max(high, value) + 6:.1f}" y="{middle + 4:.0f}">{fidelity["value"]:.2f}</text>',
    ]


def _line(entry: Json) -> list[str]:
    figures = entry["module"]
    gold = figures["accuracy"]["module"]
    return [
        megabytes(entry["bytes"]).removesuffix(" MB"),
        f"{entry['cpu_seconds']:,.0f}",
        nats(figures["kl"]),
        nats(figures["fidelity"], 2),
        percent(figures["agreement"]),
        nats(figures["side_effect"], 3, "+"),
        f"{100 * gold['raw']['value']:.1f} / {100 * gold['calibrated']['value']:.1f}",
    ]
