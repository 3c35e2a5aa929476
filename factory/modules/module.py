"""A saved module: an adapter, the base model it belongs to, and what was baked; it labels without the prompt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from factory.errors import HubError
from factory.modules.factors import CONFIG, fingerprint_base, merge_factors, read_factors
from factory.modules.loading import SIDECAR
from factory.modules.prefixes import read_prefix_file
from factory.modules.reading import load_base, load_tokenizer, read_all, score_labels
from factory.modules.wording import Tokens, Wording
from factory.store import hash_file

if TYPE_CHECKING:
    from torch import Tensor

    from factory.data.examples import Text
    from factory.modules.baking import Ingredients
    from factory.recipe_module import Module as Settings
    from factory.students.classifier import Scores

Json = dict[str, Any]


class Module:
    """A base model with an adapter merged into it (or a prefix in front), read at the place of the label."""

    def __init__(self, network: Any, prefix: Any, wording: Wording, temperature: float = 1.0) -> None:
        self.network, self.prefix, self.wording, self.temperature = network, prefix, wording, temperature

    @classmethod
    def open(cls, folder: Path, wording: Wording, base: Path) -> Module:
        """Return the adapter in `folder` on the base model in `base`, which is read anew."""
        network = load_base(base, f"the base model of {folder.name}")
        if is_prefix(folder):
            return cls(network, read_prefix_file(folder), wording)
        return cls(merge_factors(network, read_factors(folder)), None, wording)

    @classmethod
    def bare(cls, wording: Wording, base: Path) -> Module:
        """Return the base model as it is, asked in the same words: what a module is compared with."""
        return cls(load_base(base, "the base model"), None, wording)

    @classmethod
    def load(cls, folder: Path, base: Path, task: str | None = None) -> Module:
        """Return the published module in `folder`, of a sum of several asked for one `task` (default: the first).

        Raises HubError where `base` is not the model it was baked on, and for a task that it has not.
        """
        about = choose_task(read_sidecar(folder), task)
        check_base(about, base)
        module = cls.open(folder, word_module(about, base), base)
        module.temperature = about["temperature"]
        return module

    @classmethod
    def load_merged(cls, folder: Path) -> Module:
        """Return the published module in `folder` that was merged into its base model."""
        about = read_sidecar(folder)
        return cls(load_base(folder, str(folder)), None, word_module(about, folder), about["temperature"])

    def read(self, texts: Sequence[Tokens]) -> Tensor:
        """Return log-probabilities of the next token at every node: (texts, nodes, vocabulary)."""
        import torch

        found: list[Any] = [None] * len(texts)
        for places, read in read_all(self.network, self.wording, texts, self.prefix):
            for place, row in zip(places, read, strict=True):
                found[place] = row
        return torch.stack(found)

    def read_labels(self, texts: Sequence[Tokens]) -> Tensor:
        """Return the log-probability of each label: (texts, labels)."""
        import torch

        found = torch.zeros(len(texts), len(self.wording.answers))
        for places, read in read_all(self.network, self.wording, texts, self.prefix):
            found[places] = score_labels(self.wording, read)
        return found

    def scores(self, texts: Sequence[Text]) -> Scores:
        """Return the probabilities of the labels: (texts, labels)."""
        read = self.read_labels([self.wording.read(str(text)) for text in texts])
        return np.asarray((read / self.temperature).softmax(-1).numpy(), dtype=np.float32)


def word_module(about: Json, base: Path) -> Wording:
    """Return how a published module is asked, by the tokenizer of its base model."""
    tokenizer, read = load_tokenizer(base, "the base model of a module"), about["input"]
    return Wording(tokenizer, read["start"], [], read["frame"], about["labels"], read["max_length"])


def describe_module(
    made_of: Ingredients, run: Settings, wording: Wording, bias: list[float], temperature: float
) -> Json:
    """Return what module.json says: the base model, what was baked, and how an answer is read."""
    from factory.evaluation.report import name_base_model

    prompt = made_of["prompt"].path
    source = made_of["base"].path / "source.json"
    fetched = json.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}
    return {
        "format": 1,
        "method": "module",
        "form": run.form,
        "base": {
            "name": name_base_model(run.base_model),
            "revision": fetched.get("sha") or run.revision,
            "sha256": fingerprint_base(made_of["base"].path),
        },
        "prompt": {
            "text": prompt.read_text(encoding="utf-8"),
            "sha256": hash_file(prompt),
            "tokens": len(wording.prompt),
        },
        "input": {"frame": wording.frame, "start": wording.start, "max_length": wording.max_length},
        "labels": {label: list(answer) for label, answer in wording.answers.items()},
        "bias": [round(value, 6) for value in bias],
        "temperature": round(temperature, 6),
        "seed": run.seed,
    }


def read_sidecar(folder: Path) -> Json:
    """Return what module.json says; raises HubError where it cannot be read."""
    try:
        about: Json = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as fault:
        raise HubError(f"{folder}: has no {SIDECAR} that can be read, so it is no module; pull it again") from fault
    if about.get("format") != 1:
        raise HubError(f"{folder}: its {SIDECAR} has format {about.get('format')}; update hf-factory to read it")
    return about


def choose_task(about: Json, task: str | None) -> Json:
    """Return what the sidecar of a sum of modules says of one of its tasks; raises HubError where it has no such."""
    if task is None:
        return about
    tasks = {it["name"]: it for it in about.get("tasks", [])}
    if task not in tasks:
        raise HubError(f"the module has no task {task!r}; it has {', '.join(tasks) or 'one, which needs no name'}")
    return {**about, **tasks[task]}


def check_base(about: Json, base: Path) -> None:
    """Raise HubError, naming both hashes, where `base` does not hold the weights that a module was baked on."""
    found, wanted = fingerprint_base(base), about["base"]["sha256"]
    if found != wanted:
        raise HubError(
            f"the module was baked on {about['base']['name']} with weights {wanted}, but those here are {found}; "
            f"pull revision {about['base']['revision']} of it"
        )


def is_merged(folder: Path) -> bool:
    """Whether `folder` has a base model with the module merged into it, in place of an adapter."""
    return not (folder / CONFIG).is_file() and (folder / "config.json").is_file()


def is_prefix(folder: Path) -> bool:
    """Whether the adapter in `folder` is a prompt's cache; raises HubError where the module is merged already."""
    if is_merged(folder):
        raise HubError(f"{folder}: merged weights stand alone; name the adapter instead that was merged into them")
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return bool(config["peft_type"] == "CARTRIDGE")
