"""Add modules, scale them, or take one away: task arithmetic (Ilharco et al. 2023) on low-rank factors.

Ties between modules that change the same weights are settled as peft's weighted merge does: not at all (`linear`: the
sum of the changes, exactly), by sign (TIES: Yadav et al. 2023), or by dropping at random (DARE: Yu et al. 2024).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import HubError
from factory.evaluation.scoring import write_json
from factory.modules.factors import Factors, Pair, extract_factors, read_factors, save_factors
from factory.modules.loading import SIDECAR
from factory.modules.module import is_prefix, read_sidecar

if TYPE_CHECKING:
    from torch import Tensor

Json = dict[str, Any]


def add_modules(folders: Sequence[Path], weights: Sequence[float], out: Path, how: str, density: float) -> Json:
    """Write the weighted sum of modules of one base model to `out`, which does the tasks of all; return its sidecar.

    Asked as it is, it answers the first task; `tasks` says how each of the others is asked.
    `density` is the share of each change that TIES and DARE keep. Raises HubError for modules of different base
    models, and for prefixes, which have no weights to add.
    """
    abouts = [_open(folder) for folder in folders]
    first = abouts[0]
    for folder, about in zip(folders, abouts, strict=True):
        if about["base"]["sha256"] != first["base"]["sha256"]:
            raise HubError(
                f"{folder} was baked on weights {about['base']['sha256']}, but {folders[0]} on "
                f"{first['base']['sha256']}; only modules of one base model can be added"
            )
    parts = [read_factors(folder) for folder in folders]
    factors = _sum(parts, weights) if how == "linear" else _merge(parts, weights, how, density)
    made = [{"name": folder.name, "weight": weight} for folder, weight in zip(folders, weights, strict=True)]
    tasks = [{name: about[name] for name in ("prompt", "input", "labels", "temperature")} for about in abouts]
    about = {**first, "form": "task-arithmetic", "made_of": made, "how": how, "tasks": tasks}
    _save(factors, about, out)
    return about


def scale_module(folder: Path, factor: float, out: Path) -> None:
    """Write a module whose change is `factor` times as large to `out`; -1 undoes what the module does."""
    about = _open(folder)
    factors = {name: Pair(pair.b * factor, pair.a) for name, pair in read_factors(folder).items()}
    about = {**about, "form": "task-arithmetic", "made_of": [{"name": folder.name, "weight": factor}], "how": "linear"}
    _save(factors, about, out)


def _open(folder: Path) -> Json:
    about = read_sidecar(folder)
    if is_prefix(folder):
        raise HubError(f"{folder} is a prompt's cache, which has no weights to add or scale; bake it in another form")
    return {name: value for name, value in about.items() if name != "report"}  # figures of what it was


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
