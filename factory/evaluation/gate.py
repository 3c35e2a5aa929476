"""Hold a release to what its recipe requires."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.errors import GateError
from factory.recipe import Require


def check_gate(report: dict[str, Any], require: Require) -> None:
    """Return when every file of every student reaches every requirement; raise GateError with the numbers if not.

    The compressed files are held to the same numbers, since they are published too.
    """
    settings = require.model_dump(exclude={"not_worse_than_published"})
    wanted = {name: minimum for name, minimum in settings.items() if minimum is not None}
    if wanted and not report["students"]:
        raise GateError(
            f"publish.require asks for {', '.join(wanted)}, but there is no student; add one or drop the setting"
        )
    failures = [line for entry in report["students"] for line in (*_failures(entry, wanted), *_unfaithful(entry))]
    if failures:
        raise GateError(
            f"nothing was published: {'; '.join(failures)}; improve the data or the student, or lower publish.require"
        )


def _unfaithful(entry: dict[str, Any]) -> Iterator[str]:
    """Yield what a module lacks of the fidelity that its recipe asks for."""
    figures = entry.get("module")
    if figures and figures["fidelity"]["value"] < figures["min_fidelity"]:
        yield (
            f"{entry['name']} has fidelity {figures['fidelity']['value']:.3f}: it keeps too little of what the prompt "
            f"does beyond one answer for all texts; its `min_fidelity` is {figures['min_fidelity']:g}"
        )


def _failures(entry: dict[str, Any], wanted: dict[str, float]) -> Iterator[str]:
    for name, minimum in wanted.items():
        score = entry["agreement"] if name == "agreement" else (entry["gold"] or {}).get(name)
        who = f"{entry['name']} ({entry['format']})"
        if score is None:
            yield f"{who} has no {name}, since the recipe has no gold"
        elif score["value"] < minimum:
            interval = f"[{score['low']:.3f}, {score['high']:.3f}]"
            yield f"{who} has {name} {score['value']:.3f} {interval}, {minimum} is required"
