"""Add modules, scale them, or take one away: task arithmetic (Ilharco et al. 2023) on low-rank factors.

Ties between modules that change the same weights are settled as peft's weighted merge does: not at all (`linear`: the
sum of the changes, exactly), by sign (TIES: Yadav et al. 2023), or by dropping at random (DARE: Yu et al. 2024).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import HubError
from factory.evaluation.scoring import write_json
from factory.modules.factors import WEIGHTS, Factors, Pair, extract_factors, read_factors, save_factors
from factory.modules.loading import FILES, SIDECAR
from factory.modules.module import is_prefix, read_sidecar
from factory.store import hash_file

if TYPE_CHECKING:
    from torch import Tensor

Json = dict[str, Any]
OF_ONE = ("report", "interference", "seed", "how", "density", "tasks")  # what is told of a module and not of a sum
ASKED = ("prompt", "input", "labels", "temperature")  # what a task is asked by


@dataclass(frozen=True)
class Addend:
    """A module that is added to others, `weight` times; `origin` is the rest that is known of where it is from."""

    name: str
    folder: Path
    weight: float = 1.0
    origin: Mapping[str, Any] | None = None

    def describe(self) -> Json:
        """Return what the sidecar of a sum says of it."""
        file = hash_file(self.folder / WEIGHTS)
        return {"name": self.name, "weight": self.weight, "sha256": file, **(self.origin or {})}


def add_modules(addends: Sequence[Addend], out: Path, how: str = "linear", density: float = 0.5) -> Json:
    """Write the weighted sum of modules of one base model to `out`, which does the tasks of all; return its sidecar.

    Asked as it is, it answers the first task; `tasks` says how each is asked. One module alone is scaled: with weight
    -1, what it does is undone. `density` is the share of each change that TIES and DARE keep. Raises HubError for
    modules of different base models, for sums, for prefixes, which have no weights to add, and where `out` is one of
    the modules or holds anything but a module, which would be lost.
    """
    _check_place(out, addends)
    abouts = [_open(addend) for addend in addends]
    first = abouts[0]
    for addend, about in zip(addends, abouts, strict=True):
        if about["base"]["sha256"] != first["base"]["sha256"]:
            raise HubError(
                f"{addend.name} was baked on weights {about['base']['sha256']}, but {addends[0].name} on "
                f"{first['base']['sha256']}; only modules of one base model can be added"
            )
    parts, weights = [read_factors(addend.folder) for addend in addends], [addend.weight for addend in addends]
    factors = _sum(parts, weights) if how == "linear" else _merge(parts, weights, how, density)
    about = {
        **{name: value for name, value in first.items() if name not in OF_ONE},
        "form": "task-arithmetic",
        "made_of": [addend.describe() for addend in addends],
        "how": how,
        **({} if how == "linear" else {"density": density}),
        "tasks": [
            {"name": addend.name, **{name: about[name] for name in ASKED}}
            for addend, about in zip(addends, abouts, strict=True)
        ],
    }
    _save(factors, about, out)
    return about


def _check_place(out: Path, addends: Sequence[Addend]) -> None:
    if out.resolve() in {addend.folder.resolve() for addend in addends}:
        raise HubError(f"{out} is one of the modules that are combined; write to another folder")
    if out.is_dir() and (others := sorted({file.name for file in out.iterdir()} - {*FILES})):
        raise HubError(f"{out} holds {others[0]}, which is no part of a combination; write to another folder")


def _open(addend: Addend) -> Json:
    about = read_sidecar(addend.folder)
    if is_prefix(addend.folder):
        raise HubError(
            f"{addend.name} is a prompt's cache, which has no weights to add or scale; bake it in another form"
        )
    if len(about.get("tasks", [])) > 1:
        parts = " and ".join(part["name"] for part in about["made_of"])
        raise HubError(f"{addend.name} is a sum itself; add {parts} in its place")
    return about


def _sum(parts: Sequence[Factors], weights: Sequence[float]) -> Factors:
    """Return factors of the exact sum: those of all side by side."""
    import torch

    names = sorted({name for part in parts for name in part})
    found: Factors = {}
    for name in names:
        there = [(part[name], weight) for part, weight in zip(parts, weights, strict=True) if name in part]
        b = torch.cat([weight * pair.b for pair, weight in there], dim=1)
        found[name] = Pair(b, torch.cat([pair.a for pair, _ in there]))
    return found


def _merge(parts: Sequence[Factors], weights: Sequence[float], how: str, density: float) -> Factors:
    """Return factors, of all ranks together, of what TIES or DARE makes of the changes."""
    import torch
    from peft.utils.merge_utils import dare_linear, ties

    found: Factors = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name in sorted({name for part in parts for name in part}):
            there = [(part[name], weight) for part, weight in zip(parts, weights, strict=True) if name in part]
            changes = [pair.b @ pair.a for pair, _ in there]
            scales = torch.tensor([weight for _, weight in there])
            merged: Tensor = {"ties": ties, "dare": dare_linear}[how](changes, scales, density)
            found[name] = extract_factors(merged, sum(len(pair.a) for pair, _ in there))
    return found


def _save(factors: Factors, about: Mapping[str, Any], out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    save_factors(factors, out, about["base"]["name"], about["base"]["revision"])
    write_json(out / SIDECAR, about)
