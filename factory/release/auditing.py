"""What the audit of the labels found, and what rounds of asking again brought, as the cards tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.data.audit import DROPPED
from factory.evaluation.improvement import explain_rounds, tabulate_rounds
from factory.evaluation.markdown import Markdown, code, escape, table
from factory.release.contents import Contents

SHOWN_PAIRS = 10
Json = dict[str, Any]


def on_audit(contents: Contents) -> Iterator[str]:
    """Yield how many labels are likely to be wrong, how that was found, and where the doubtful ones are listed."""
    audit = contents.report["data"]["audit"]
    if audit:
        yield _hold_against_gold(contents)
        yield _estimate(contents, audit)
        yield from _compare_with_asked(contents, audit["asked"])
        yield _list(contents, audit)


def on_rounds(contents: Contents) -> Iterator[str]:
    """Yield what the rounds of `improve` brought; nothing where there were none."""
    improve = contents.report["data"].get("improve")
    if improve:
        yield from (escape(line) for line in explain_rounds(improve, contents.units))


def show_rounds(contents: Contents) -> Markdown | None:
    """Return the learning curve of the rounds of `improve`."""
    improve = contents.report["data"].get("improve")
    return Markdown(table(*tabulate_rounds(improve))) if improve else None


def tabulate_pairs(contents: Contents) -> Markdown | None:
    """Return which label was most likely given in place of which."""
    pairs = (contents.report["data"]["audit"] or {"pairs": []})["pairs"][:SHOWN_PAIRS]
    rows = [
        [escape(pair["given"]), escape(pair["probable"]), f"{pair['rows']:,.0f}", _range(pair["share"])]
        for pair in pairs
    ]
    head = ["label", "likely instead", "rows, expected", "of the rows with that label"]
    return Markdown(table(head, rows, "llrr")) if rows else None


def _hold_against_gold(contents: Contents) -> str:
    score = contents.report["teacher"]["gold"]
    if not score:
        return "How many labels are wrong is not known: there are no trusted ones to hold them against."
    other, low, high = (100 * (1 - score["accuracy"][name]) for name in ("value", "high", "low"))
    return (
        f"On {score['rows']:,} gold {contents.units} the teacher gives another answer than the gold label "
        f"**{other:.1f} %** of the time (95 % interval {low:.1f} to {high:.1f} %); where the {contents.units} here "
        f"are of that kind, as many of these labels are wrong."
    )


def _estimate(contents: Contents, audit: Json) -> str:
    noise, folds = audit["noise"], audit["folds"]
    if not noise:
        return f"{audit['rows']:,} {contents.units} are too few to search for wrong labels, or all labelled alike."
    what = "decisions whether a label applies" if contents.is_multi_label else "labels"
    by = f"with {code(audit['base_model'])}" if audit["base_model"] else "by their words"
    return (
        f"An estimated **{100 * noise['value']:.1f} %** of the {what} were given blindly (95 % interval "
        f"{_range(noise)}): so many contradict {folds} linear students, reading {by}, each of which labelled rows "
        f"that it had not been trained on, beyond what their own doubt explains. Mistakes that the teacher makes "
        f"alike in like {contents.units} are not among them."
    )


def _compare_with_asked(contents: Contents, asked: Json | None) -> Iterator[str]:
    if not asked:
        return
    kappa = "" if asked["kappa"] is None else f" (Cohen's kappa {asked['kappa']:.2f})"
    pairs = [f"{pair['rows']:,} for {code(pair['asked'])} as {code(pair['given'])}" for pair in asked["pairs"][:3]]
    yield (
        f"Of {asked['rows']:,} {contents.units} written for a label, rows that were removed among them, "
        f"{100 * asked['agreed'] / asked['rows']:.1f} % were given it by the teacher that was not shown it{kappa}"
        f"{'; it labelled ' + ', '.join(pairs) if pairs else ''}."
    )


def _list(contents: Contents, audit: Json) -> str:
    if not audit["suspicious"]:
        return "No single label contradicts the others enough to be listed."
    dropped = contents.report["data"]["removed"].get(DROPPED, 0)
    left_out = f" {dropped:,} {contents.units} with such labels train nothing; the split `test` keeps its own."
    fate = left_out if dropped else ""
    return (
        f"`audit/suspicious.parquet` lists {audit['suspicious']:,} labels that contradict the others, the most "
        f"doubtful first, each with its reason. Look before you drop: a label that students dispute may be "
        f"right.{fate}"
    )


def _range(share: Json) -> str:
    return f"{100 * share['low']:.1f} to {100 * share['high']:.1f} %"
