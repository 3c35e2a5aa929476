"""Bake a prompt: one stage that makes an adapter of it in one way, and one that keeps the best of several."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from factory.data.examples import read_examples
from factory.evaluation.report import is_local
from factory.evaluation.scoring import write_json
from factory.modules.factors import Factors, save_factors
from factory.modules.gradients import distil_factors
from factory.modules.loading import SIDECAR
from factory.modules.module import Module, describe_module
from factory.modules.patching import patch_weights
from factory.modules.prefixes import save_prefix
from factory.modules.reading import diverge, load_base, read_nodes, read_prefix, score_labels
from factory.modules.targets import Targets, open_wording, read_targets
from factory.modules.unrelated import read_unrelated
from factory.modules.wording import Tokens, Wording
from factory.recipe import Task
from factory.recipe_module import Module as Settings
from factory.store import Artifact
from factory.students.quiet import quiet_transformers

if TYPE_CHECKING:
    from torch import Tensor

SCRATCH = ".scratch"
CALIBRATION_TEXTS = 200  # over which the label prior of a module is taken
TEMPERATURES = [2 ** (step / 20) for step in range(-60, 61)]  # an eighth to eight


class Ingredients(TypedDict):
    """What a module is made of; `targets` are recorded of the prompted model, `unrelated` is a file of texts."""

    base: Artifact
    prompt: Artifact
    splits: Artifact
    targets: Artifact
    unrelated: Artifact | None
    task: Task


def bake_module(made_of: Ingredients, run: Settings, *, out: Path) -> None:
    """Write `adapter/` and `baked.json`: its divergence from the prompted model on validation texts.

    Goes on from the last steps that were kept where an attempt was killed. Raises TrainingError.
    """
    oven = Oven(made_of, run, out / SCRATCH)
    with quiet_transformers():
        facts = oven.bake(out / "adapter")
    module = Module.open(out / "adapter", oven.wording, made_of["base"].path)
    scores = oven.diverge(module.read(oven.texts("validation")), "validation")
    found = {**facts, "validation_kl": float(scores.mean())}
    write_json(out / "baked.json", found)
    shutil.rmtree(out / SCRATCH, ignore_errors=True)


def finish_module(made_of: Ingredients, runs: list[Settings], baked: list[Artifact], *, out: Path) -> None:
    """Write `model/`, the adapter of the best of `runs` with module.json, and `training.json`."""
    found = [json.loads((one.path / "baked.json").read_text(encoding="utf-8")) for one in baked]
    best = min(range(len(found)), key=lambda place: (found[place]["validation_kl"], place))
    run, model = runs[best], out / "model"
    shutil.copytree(baked[best].path / "adapter", model, dirs_exist_ok=True)
    oven = Oven(made_of, run, out / SCRATCH)
    module = Module.open(model, oven.wording, made_of["base"].path)
    bias = module.read_labels(oven.texts("train")[:CALIBRATION_TEXTS]).mean(0)
    said, wanted = module.read_labels(oven.texts("validation")), oven.targets["validation"].prompted
    about = describe_module(made_of, run, oven.wording, bias.tolist(), fit_temperature(said, wanted))
    write_json(model / SIDECAR, about)
    tried = [
        {"lr": one.lr, "ridge": one.ridge, "seed": one.seed, "validation_kl": facts["validation_kl"]}
        for one, facts in zip(runs, found, strict=True)
    ]
    rows = {part: len(oven.targets[part]) for part in ("train", "validation")}
    settings = run.model_dump(mode="json", exclude={"name", "seeds"})
    write_json(out / "training.json", {"rows": rows, "student": settings, "tried": tried, **found[best]})


def fit_temperature(said: Tensor, wanted: Tensor) -> float:
    """Return the temperature at which label log-probabilities `said` are nearest to `wanted`, both (texts, labels)."""
    shares = wanted.softmax(-1)
    return min(TEMPERATURES, key=lambda it: -float((shares * (said / it).log_softmax(-1)).sum(-1).mean()))


class Oven:
    """A run, with all that it learns from read."""

    def __init__(self, made_of: Ingredients, run: Settings, place: Path) -> None:
        self.made_of, self.run, self.place = made_of, run, place
        self.wording: Wording = open_wording(
            made_of["base"].path, made_of["prompt"].path, run.wording, made_of["task"]
        )
        folder = made_of["targets"].path
        self.targets = {part: read_targets(folder / f"{part}.safetensors") for part in ("train", "validation")}
        self.bias = self.targets["train"].prompted.mean(0)
        self._texts: dict[str, list[Tokens]] = {}

    def bake(self, folder: Path) -> dict[str, Any]:
        """Write the adapter to `folder` and return the facts of its making."""
        base = self.made_of["base"].path
        name, revision = name_of(self.run)
        if self.run.form == "prefix-cache":
            network = load_base(base, f"students: {self.run.name}")
            save_prefix(network, read_prefix(network, self.wording), folder, name, revision)
            return {"parameters": 0}
        facts: dict[str, Any] = {}
        if self.run.form == "activation-patch":
            factors = self.patch()
        else:
            start = self.patch() if self.run.init == "activation-patch" else None
            factors, facts = distil_factors(base, self.run, self.loss, len(self.targets["train"]), start, self.place)
        save_factors(factors, folder, name, revision)
        return {"parameters": sum(pair.a.numel() + pair.b.numel() for pair in factors.values()), **facts}

    def patch(self) -> Factors:
        """Return the factors of the closed form."""
        network = load_base(self.made_of["base"].path, f"students: {self.run.name}")
        unrelated = read_unrelated(self.made_of["unrelated"])
        ridge = self.run.ridge if isinstance(self.run.ridge, float) else self.run.ridge[0]
        shape: Any = {"rank": self.run.rank, "ridge": ridge, "gamma": self.run.gamma}
        tokens = [self.wording.tokenizer(text, add_special_tokens=False).input_ids for text in unrelated]
        prefix = read_prefix(network, self.wording)
        return patch_weights(network, self.wording, self.texts("train"), tokens, prefix, **shape)

    def loss(self, network: Any, places: Sequence[int]) -> Tensor:
        """Return the mean divergence of some training texts, through which a gradient flows."""
        texts = self.texts("train")
        read = read_nodes(network, self.wording, [texts[place] for place in places])
        return self.diverge(read, "train", places).mean()

    def diverge(self, read: Tensor, part: str, places: Sequence[int] | None = None) -> Tensor:
        """Return how far what a module says of each text is from what it is taught."""
        targets = self.targets[part] if places is None else self.targets[part].take(places)
        if self.run.form == "label-calibrated":
            return diverge_calibrated(targets, read, self.wording, self.bias)
        return targets.diverge(read)

    def texts(self, part: str) -> list[Tokens]:
        """Return the texts of one part as tokens."""
        if part not in self._texts:
            rows = read_examples(self.made_of["splits"].path / f"{part}.jsonl")
            self._texts[part] = [self.wording.read(row.text) for row in rows]
        return self._texts[part]


def diverge_calibrated(targets: Targets, read: Tensor, wording: Wording, bias: Tensor) -> Tensor:
    """Return the divergence from the prompted label probabilities with their mean over the texts taken out."""
    wanted, said = (targets.prompted - bias).log_softmax(-1), score_labels(wording, read).log_softmax(-1)
    return diverge(wanted, said)


def name_of(run: Settings) -> tuple[str | None, str | None]:
    """Return the Hub id and revision of the base model, None for a folder of the user's."""
    return (None, None) if is_local(run.base_model) else (run.base_model, run.revision)
