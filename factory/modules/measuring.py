"""Measure a module beside the prompted model, and beside what costs nothing: no prompt, and one answer for all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import Example, read_examples
from factory.evaluation.intervals import bootstrap_difference, bootstrap_ratio, bootstrap_share
from factory.evaluation.prediction import Predictions, decide
from factory.evaluation.report import name_base_model
from factory.evaluation.scoring import DOLLARS_PER_CORE_HOUR, score_student, write_json, write_predictions
from factory.modules.baking import Ingredients
from factory.modules.factors import WEIGHTS
from factory.modules.module import Module, read_sidecar
from factory.modules.reading import copy_prefix, diverge, load_base, read_prefix, score_labels
from factory.modules.targets import Targets, open_wording, read_gold, read_targets
from factory.modules.timing import time_calls
from factory.modules.unrelated import read_unrelated
from factory.modules.wording import Tokens
from factory.recipe_module import Module as Settings
from factory.store import Artifact, version

if TYPE_CHECKING:
    from torch import Tensor

MEASURED_TEXTS = 500  # held-out texts whose whole distributions are compared
Json = dict[str, Any]


def weigh_prompt(targets: Artifact, gold: Artifact | None, labels: list[str], form: str, *, out: Path) -> None:
    """Write `weighed.json`: whether what a module would be taught beats the calibrated bare model on gold.

    `is_worth_baking` is None without gold: it is not known.
    """
    found: Json = {"is_worth_baking": None}
    if gold:
        hits = _hits(targets, gold, labels)
        taught = hits["prompted"]["calibrated" if form == "label-calibrated" else "raw"]
        difference = bootstrap_difference(taught, hits["bare"]["calibrated"])
        shares = {name: {how: bootstrap_share(it) for how, it in both.items()} for name, both in hits.items()}
        found = {"is_worth_baking": difference["low"] > 0, "rows": len(taught), "difference": difference, **shares}
    write_json(out / "weighed.json", found)


@version(3)
def evaluate_module(
    trained: Artifact,
    made_of: Ingredients,
    gold: Artifact | None,
    answers: Artifact | None,
    settings: Settings,
    *,
    out: Path,
) -> None:
    """Write `report.json`, an entry of "students" with the figures under "module", and `predictions.jsonl`."""
    model, task = trained.path / "model", made_of["task"]
    held_out = read_examples(made_of["splits"].path / "held_out.jsonl")
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    said = read_examples(answers.path / "examples.jsonl") if answers else []
    laboratory = Laboratory(model, made_of, settings)
    scores = laboratory.module.scores([row.text for row in (*trusted, *held_out)])
    figures = laboratory.measure(held_out, gold)
    config = {"id2label": {str(number): name for number, name in enumerate(task.names)}}
    calls = figures["cpu_ms"]
    rate = float(f"{1000 / (calls['merged'] or calls['cached']):.2g}")
    found = Predictions(*decide(scores, config), texts_per_second=rate, cores=1)
    facts = json.loads((trained.path / "training.json").read_text(encoding="utf-8"))
    entry = {
        "name": settings.name,
        "method": "module",
        "format": "safetensors",
        "base_model": name_base_model(settings.base_model),
        "parameters": facts["parameters"],
        "bytes": (model / WEIGHTS).stat().st_size,
        **score_student(found, trusted, held_out, said, task),
        "module": figures,
    }
    write_json(out / "report.json", entry)
    write_predictions(out / "predictions.jsonl", [*trusted, *held_out], found)


class Laboratory:
    """A finished module beside its base model, with the prompt at hand."""

    def __init__(self, model: Path, made_of: Ingredients, settings: Settings) -> None:
        self.model, self.made_of, self.settings = model, made_of, settings
        base = made_of["base"].path
        self.about = read_sidecar(model)
        self.module = Module.load(model, base)
        self.base = load_base(base, f"students: {settings.name}")
        self.wording = open_wording(base, made_of["prompt"].path, settings.wording, made_of["task"])
        self.prefix = read_prefix(self.base, self.wording)

    def measure(self, held_out: list[Example], gold: Artifact | None) -> Json:
        """Return every figure that is told of a module."""
        texts = [self.wording.read(row.text) for row in held_out][:MEASURED_TEXTS]
        targets = read_targets(self.made_of["targets"].path / "held_out.safetensors").take(range(len(texts)))
        facts = json.loads((self.made_of["targets"].path / "targets.json").read_text(encoding="utf-8"))
        calls = time_calls(self.base, self.module, self.wording, self.prefix, self.model, texts)
        return {
            "form": self.settings.form,
            "min_fidelity": self.settings.min_fidelity,
            "prompt_tokens": facts["prompt_tokens"],
            "target_bytes_per_text": facts["bytes_per_text"],
            **self._compare(texts, targets),
            **self._side_effect(),
            "accuracy": self._accuracy(gold) if gold else None,
            **calls,
            "dollars_per_million": {
                name: ms and float(f"{ms * 1e3 / 3600 * DOLLARS_PER_CORE_HOUR:.3g}")
                for name, ms in calls["cpu_ms"].items()
            },
        }

    def _compare(self, texts: list[Tokens], targets: Targets) -> Json:
        """Return divergences and fidelity, over the vocabulary or what `label-calibrated` teaches, and agreement."""
        prompted = Module(self.base, self.prefix, self.wording).read(texts)
        bare, ours = Module(self.base, None, self.wording).read(texts), self.module.read(texts)
        labels = score_labels(self.wording, ours)
        recorded, reach = targets.diverge(ours), targets.reach.exp()
        over, taught = "vocabulary", targets.prompted
        whole = diverge_fully(prompted, ours, reach)
        if self.settings.form == "label-calibrated":
            over = "calibrated labels"
            taught = taught - read_targets(self.made_of["targets"].path / "train.safetensors").prompted.mean(0)
            prompted, reach = taught.log_softmax(-1)[:, None], reach.new_ones(len(texts), 1)
            bare, ours = targets.bare.log_softmax(-1)[:, None], labels.log_softmax(-1)[:, None]
        ones = [1.0] * len(texts)
        kl, constant = (
            diverge_fully(prompted, ours, reach),
            diverge_fully(prompted, best_constant(prompted, reach), reach),
        )
        lost = bootstrap_ratio(kl.numpy(), constant.numpy())
        same = (labels.argmax(-1) == taught.argmax(-1)).numpy()
        counts = taught.argmax(-1).bincount()
        return {
            "texts": len(texts),
            "kl_over": over,
            "kl": bootstrap_ratio(kl.numpy(), ones),
            "kl_constant": round(float(constant.mean()), 6),
            "kl_without_prompt": bootstrap_ratio(diverge_fully(prompted, bare, reach).numpy(), ones),
            "kl_error": round(float((whole - recorded).mean()), 6),
            "fidelity": {"value": 1 - lost["value"], "low": 1 - lost["high"], "high": 1 - lost["low"]},
            "agreement": bootstrap_share(same),
            "majority": round(float(counts.max() / counts.sum()), 6),
        }

    def _side_effect(self) -> Json:
        """Return how many nats a token of unrelated text is less expected than by the base model alone."""
        passages = [
            self.wording.tokenizer(text, add_special_tokens=False).input_ids
            for text in read_unrelated(self.made_of["unrelated"])
        ]
        sizes = [len(tokens) for tokens in passages]
        before = [self._surprise(self.base, tokens, None) for tokens in passages]
        after = [self._surprise(self.module.network, tokens, self.module.prefix) for tokens in passages]
        more = [late - early for early, late in zip(before, after, strict=True)]
        return {"side_effect": bootstrap_ratio(more, sizes), "unrelated_tokens": sum(sizes)}

    def _surprise(self, network: Any, tokens: Tokens, prefix: Any) -> float:
        """Return the sum of the losses of tokens, in nats."""
        import torch

        with torch.inference_mode():
            given = torch.tensor([tokens if prefix else [self.wording.start, *tokens]])
            read = network(given, past_key_values=copy_prefix(prefix, 1), use_cache=bool(prefix)).logits[0]
            said = read.float().log_softmax(-1)[:-1]
            wanted = given[0, 1:]
            return -float(said[torch.arange(len(wanted)), wanted].sum())

    def _accuracy(self, gold: Artifact) -> Json:
        """Return the share of gold that each gives, raw and with its label prior taken out."""
        rows = read_examples(gold.path / "gold.jsonl")
        read = self.module.read_labels([self.wording.read(row.text) for row in rows])
        labels = self.made_of["task"].names
        hits = _hits(self.made_of["targets"], gold, labels)
        hits["module"] = _both(read, read.new_tensor(self.about["bias"]), rows, labels)
        return {name: {how: bootstrap_share(it) for how, it in both.items()} for name, both in hits.items()}


def diverge_fully(wanted: Tensor, said: Tensor, reach: Tensor) -> Tensor:
    """Return the forward KL divergence of each text over all tokens, nodes weighed by `reach` (texts, nodes)."""
    return (diverge(wanted, said) * reach).sum(-1)


def best_constant(wanted: Tensor, reach: Tensor) -> Tensor:
    """Return the one answer for all texts that diverges least from `wanted`: the mean, at every node."""
    return ((wanted.exp() * reach[..., None]).sum(0) / reach.sum(0)[:, None]).clamp(min=1e-30).log()[None]


def _hits(targets: Artifact, gold: Artifact, labels: list[str]) -> dict[str, dict[str, Any]]:
    """Return which gold rows the base model gets right with the prompt and without it, raw and calibrated."""
    rows = read_examples(gold.path / "gold.jsonl")
    return {name: _both(read, prior, rows, labels) for name, (read, prior) in read_gold(targets.path).items()}


def _both(read: Tensor, bias: Tensor, rows: list[Example], labels: list[str]) -> dict[str, Any]:
    truth = read.new_tensor([labels.index(str(row.label)) for row in rows]).long()
    return {how: (it.argmax(-1) == truth).numpy() for how, it in (("raw", read), ("calibrated", read - bias))}
