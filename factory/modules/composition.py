"""What modules that were added still do, each on its own task: how far they disturb each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.evaluation.intervals import bootstrap_ratio, bootstrap_share
from factory.evaluation.markdown import columns
from factory.evaluation.scoreboard import percent
from factory.modules.figures import nats
from factory.modules.module import Module
from factory.modules.reading import diverge

if TYPE_CHECKING:
    from torch import Tensor

Json = dict[str, Any]


def measure_composition(
    together: Path, folders: Sequence[Path], texts: Sequence[Sequence[str]], base: Path
) -> list[Json]:
    """Return for each module how often, and how nearly, the composition in `together` answers its task as it does.

    `texts` are some of each module's task; the composition is asked in the words of that module.
    """
    found = []
    for folder, some in zip(folders, texts, strict=True):
        alone = Module.load(folder, base)
        tokens = [alone.wording.read(text) for text in some]
        before = alone.read_labels(tokens)
        after = Module.open(together, alone.wording, base).read_labels(tokens)
        without = Module.bare(alone.wording, base).read_labels(tokens)
        found.append(
            {"name": folder.name, "texts": len(some), **_compare(before, after), "bare": _compare(before, without)}
        )
    return found


def render_composition(found: Sequence[Json]) -> str:
    """Return a table: the same label as the module alone, with the composition and with the base model as it is."""
    head = ["task", "texts", "same label, %", "KL (nats)", "base model: same, %", "KL (nats)"]
    rows = [
        [
            one["name"],
            f"{one['texts']:,}",
            percent(one["agreement"]),
            nats(one["kl"]),
            percent(one["bare"]["agreement"]),
            nats(one["bare"]["kl"]),
        ]
        for one in found
    ]
    return columns(head, rows)


def _compare(before: Tensor, after: Tensor) -> Json:
    wanted, said = before.log_softmax(-1), after.log_softmax(-1)
    kl = diverge(wanted, said)
    same = before.argmax(-1) == after.argmax(-1)
    return {"agreement": bootstrap_share(same.numpy()), "kl": bootstrap_ratio(kl.numpy(), [1.0] * len(kl))}
