"""What was measured of a module, as rows and sentences: always all of it together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.evaluation.scoreboard import NOTHING, megabytes, percent

CALLS = {
    "prompted": "prompt sent with each text",
    "cached": "prompt from its cache",
    "unmerged": "module, by peft, un-merged",
    "merged": "module, merged",
}
ANSWERS = {"prompted": "base model with the prompt", "bare": "base model without it", "module": "module without it"}
SIDE_EFFECT_NATS = 0.10  # beyond which a card warns
Json = dict[str, Any]


def list_figures(entry: Json) -> list[list[str]]:
    """Return rows of name and value: how near a module is to the prompted model, and what it costs elsewhere."""
    figures = entry["module"]
    return [
        [f"divergence from the prompted model (KL over the {figures['kl_over']}, nats)", nats(figures["kl"])],
        ["... of the best one answer for all texts", f"{figures['kl_constant']:.4f}"],
        ["... of the base model without the prompt", nats(figures["kl_without_prompt"])],
        ["fidelity: 1 - the first / the second", nats(figures["fidelity"], 2)],
        [f"same label as the {_name_taught(figures)} model, %", percent(figures["agreement"])],
        ["... by always giving its most frequent label, %", f"{100 * figures['majority']:.1f}"],
        ["side effect on unrelated text (nats a token)", nats(figures["side_effect"], 3, "+")],
        ["file", megabytes(entry["bytes"])],
        ["prompt tokens saved a call", f"{figures['prompt_tokens']:,}"],
    ]


def list_accuracy(entry: Json) -> list[list[str]]:
    """Return rows of who answers, and the share of gold labels it gives, raw and calibrated; none without gold."""
    shares = entry["module"]["accuracy"]
    if not shares:
        return []
    return [[who, *(percent(shares[name][how]) for how in ("raw", "calibrated"))] for name, who in ANSWERS.items()]


def list_calibration(entry: Json) -> list[list[str]]:
    """Return rows of who answers, and the expected calibration error of its scores; none where it was not measured."""
    errors = entry["module"].get("ece")
    if not errors:
        return []
    rows = [[who, *(f"{errors[name][how]:.3f}" for how in ("raw", "calibrated"))] for name, who in ANSWERS.items()]
    return [*rows, ["... with its temperature", f"{errors['module']['scaled']:.3f}", NOTHING]]


def list_calls(entry: Json) -> list[list[str]]:
    """Return rows of a way to call, CPU milliseconds, and dollars a million calls."""
    figures = entry["module"]
    rows = []
    for name, way in CALLS.items():
        ms, dollars = figures["cpu_ms"][name], figures["dollars_per_million"][name]
        rows.append([way, *([f"{ms:,.3g}", f"{dollars:,.2f}"] if ms else [NOTHING, NOTHING])])
    return rows


def explain_figures(entry: Json) -> Iterator[str]:
    """Yield the sentences that say how the figures are to be read."""
    figures = entry["module"]
    yield (
        f"Divergence, fidelity and agreement are over {figures['texts']:,} held-out texts; in brackets 95 % intervals "
        f"(percentile bootstrap over texts). What is learned of a text is {figures['target_bytes_per_text']:,} bytes, "
        f"the likeliest tokens, which tell {figures['kl_error']:z.5f} nats less than all of them."
    )
    yield (
        "Fidelity 0 is what the best single answer for all texts would reach, having learned nothing but the format "
        f"and the label prior; 1 is the {_name_taught(figures)} model itself."
    )
    if figures["accuracy"]:
        yield "Calibrated: with the mean label log-probability over training texts taken out (batch calibration)."
        if errors := figures.get("ece"):
            yield (
                f"Expected calibration error: how far scores are from the share that is right, over {errors['bins']} "
                f"bins of {errors['rows']:,} gold texts (Naeini et al. 2015); few texts make it larger. The scores "
                f"that the module gives are those with its temperature, fitted to the prompted model and not to gold."
            )
    else:
        yield "Whether the prompt is worth baking is not known: there is no gold to compare it on."
    effect = figures["side_effect"]["value"]
    if effect > SIDE_EFFECT_NATS:
        yield (
            f"**It changes more than its task**: on unrelated text it is {effect:.2f} nats a token worse than the "
            f"base model, so attach it for this task alone."
        )


def nats(score: Json, digits: int = 4, sign: str = "") -> str:
    """Return a score with its interval, `0.0216 [0.0180, 0.0251]`."""
    return "{} [{}, {}]".format(*(f"{score[name]:{sign}.{digits}f}" for name in ("value", "low", "high")))


def _name_taught(figures: Json) -> str:
    return "prompted and calibrated" if figures["form"] == "label-calibrated" else "prompted"
