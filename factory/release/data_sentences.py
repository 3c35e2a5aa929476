"""What the numbers of a data set mean, said in sentences."""

from __future__ import annotations

from factory.evaluation.markdown import escape
from factory.release.contents import Contents

LOOKED_FOR = "e-mail addresses, phone, account and card numbers, keys to services"


def on_personal_data(contents: Contents) -> str:
    """Return what became of personal data in the texts."""
    policy, masked = contents.recipe.filter.personal_data, contents.report["data"]["masked"]
    if policy == "keep":
        return f"The {contents.units} are published as they were; they were not searched for personal data."
    if not masked:
        return (
            f"Personal data was looked for ({LOOKED_FOR}), and none was found; names and streets were not looked for."
        )
    found = ", ".join(f"{escape(kind)}: {rows:,}" for kind, rows in masked.items())
    fate = "masked" if policy == "mask" else "removed with the row"
    return (
        f"Personal data was looked for ({LOOKED_FOR}) and {fate} ({contents.units} with a {found}); names and streets "
        "were not looked for."
    )


def on_diversity(contents: Contents) -> str:
    """Return how varied the texts are; empty where there are too few."""
    diversity = contents.report["data"]["diversity"]
    if not diversity or None in diversity["distinct"].values():
        return ""
    words, pairs, triples = (f"{100 * diversity['distinct'][length]:.0f} %" for length in "123")
    return (
        f"Of the words of {diversity['rows']:,} {contents.units}, {words} are distinct, of pairs of words {pairs}, of "
        f"triples {triples}; with the one most like it, each has {100 * diversity['self_similarity']:.0f} % of its "
        f"words in common, and all are as varied as {diversity['effective_rows']:,.0f} that have no word in common "
        "(Vendi score)."
    )
