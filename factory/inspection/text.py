"""Findings for a terminal: short, without anything that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterator

from factory.data.examples import Example, parts_of
from factory.evaluation.markdown import columns, plain
from factory.inspection.findings import BINS, Findings

SHOWN = 10
MAX_CHARACTERS = 100


def render_text(findings: Findings) -> str:
    """Return the findings as lines."""
    return "\n".join(_lines(findings))


def describe_audit(findings: Findings) -> str:
    """Return in a sentence what the audit found."""
    audit = findings.audit
    if not audit:
        return "The labels were not audited."
    if not audit["noise"]:
        return f"{audit['rows']:,} rows are too few to search for wrong labels, or all labelled alike."
    noise, what = audit["noise"], "decisions whether a label applies" if findings.is_multi_label else "labels"
    return (
        f"An estimated {100 * noise['value']:.1f} % of the {what} were given blindly (95 % interval "
        f"{100 * noise['low']:.1f} to {100 * noise['high']:.1f} %); {audit['suspicious']:,} contradict the others. "
        f"What the teacher gets wrong alike in like texts does not show here."
    )


def _lines(findings: Findings) -> Iterator[str]:
    yield f"{plain(findings.title)}: {findings.rows:,} rows"
    yield describe_audit(findings)
    for row, line, split in findings.suspicious[:SHOWN]:
        yield f"\ndisputed  {split}  {plain(line['given'])} -> {plain(line['probable'])}"
        yield f"  {_quote(row)}"
        yield f"  {plain(line['reason'])}"
    left = (findings.audit or {"suspicious": 0})["suspicious"] - SHOWN
    if left > 0:
        yield f"\nand {left:,} more; --html FILE shows them"
    rows = [[plain(label), "", *(f"{count:,}" for count in counts)] for label, counts in findings.labels]
    yield "\n" + columns(["label", "", *findings.splits], rows)
    if findings.removed:
        yield "\n" + columns(["removed", "", "rows"], [[plain(it[0]), "", f"{it[1]:,}"] for it in findings.removed])
    if findings.confidence:
        bars = [
            [f"{place / BINS:.1f} to {(place + 1) / BINS:.1f}", "", f"{rows:,}", f"{doubted:,}"]
            for place, (rows, doubted) in enumerate(findings.confidence)
            if rows
        ]
        yield "\n" + columns(["the teacher's confidence", "", "rows", "suspicious"], bars)


def _quote(row: Example) -> str:
    """Return the text of a row, or both texts, on one line that is cut."""
    text = plain(" | ".join(parts_of(row.content)))
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}..."
