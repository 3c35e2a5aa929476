"""What the prompted model says of each text, recorded once: the likeliest tokens, and the rest as one number.

A text takes about 6 bytes for each of `top_k` tokens at each node, less than a kilobyte with the default, where the
whole distribution takes a hundred. What that leaves out of a divergence is measured and reported (`kl_error`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import read_examples
from factory.modules.factors import save_tensors
from factory.modules.reading import load_base, load_tokenizer, read_nodes, read_prefix, score_labels, score_tokens
from factory.modules.wording import Tokens, Wording, check_length, word_prompt
from factory.recipe import Task
from factory.store import Artifact

if TYPE_CHECKING:
    from torch import Tensor

PARTS = ("train", "validation", "held_out")
CHUNK = 16  # texts whose targets are written together, from which a killed attempt goes on
LEAST = 1e-7  # of what a rest may be called: float32 knows no less of 1 minus a sum


@dataclass(frozen=True)
class Targets:
    """Recorded answers to texts, in their order.

    `tokens`, `likely` are (texts, nodes, k), `rest` and `reach` (texts, nodes): log-probabilities of the likeliest
    tokens, of all others together, and of an answer's coming to that node. `prompted` and `bare` are those of the
    labels, (texts, labels), with the prompt and without it.
    """

    tokens: Tensor
    likely: Tensor
    rest: Tensor
    reach: Tensor
    prompted: Tensor
    bare: Tensor

    def __len__(self) -> int:
        return len(self.prompted)

    def take(self, places: Sequence[int]) -> Targets:
        """Return those of some texts."""
        import torch

        chosen = torch.tensor(list(places))
        return Targets(**{name: values[chosen] for name, values in vars(self).items()})

    def diverge(self, read: Tensor) -> Tensor:
        """Return the forward KL divergence of each text from what was recorded to `read` (texts, nodes, vocabulary).

        Tokens beyond the recorded ones count as one, which makes it a lower bound of that over all tokens.
        """
        said = read.gather(2, self.tokens.long())
        left = (1 - said.exp().sum(-1)).clamp(min=LEAST).log()
        inner = (self.likely.exp() * (self.likely - said)).sum(-1) + self.rest.exp() * (self.rest - left)
        return (self.reach.exp() * inner).sum(-1)


def record_targets(
    base: Artifact,
    prompt: Artifact,
    splits: Artifact,
    gold: Artifact | None,
    task: Task,
    wording: Mapping[str, Any],
    *,
    out: Path,
) -> None:
    """Write train, validation, held_out and gold.safetensors (see `Targets`), and targets.json.

    Goes on after the last whole chunk where an attempt was killed. Raises TrainingError where the prompt does not
    fit the base model.
    """
    words = open_wording(base.path, prompt.path, wording, task)
    network = load_base(base.path, "the base model of a module")
    check_length(words, context_of(network), "the prompt of a module")
    prefix = read_prefix(network, words)
    files = {part: splits.path / f"{part}.jsonl" for part in PARTS}
    files |= {"gold": gold.path / "gold.jsonl"} if gold else {}
    for part, file in files.items():
        if (out / f"{part}.safetensors").is_file():
            continue
        texts = [words.read(row.text) for row in read_examples(file)]
        chunks = [
            _record_chunk(network, words, texts[first : first + CHUNK], prefix, wording["top_k"], out / part, first)
            for first in range(0, len(texts), CHUNK)
        ]
        _join(chunks, out / f"{part}.safetensors")
    for part in files:
        shutil.rmtree(out / part, ignore_errors=True)
    size = (out / "train.safetensors").stat().st_size / len(read_examples(files["train"]))
    facts = {"prompt_tokens": len(words.prompt), "nodes": len(words.nodes), "bytes_per_text": round(size)}
    (out / "targets.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def read_targets(file: Path) -> Targets:
    """Return what `record_targets` wrote of one part, as float32 whose probabilities sum to 1."""
    import torch
    from safetensors.torch import load_file

    found = load_file(file)
    likely, rest = found["likely"].float(), found["rest"].float()
    total = torch.cat([likely, rest[..., None]], dim=-1).logsumexp(-1)
    return Targets(**found | {"likely": likely - total[..., None], "rest": rest - total})


def summarise_read(read: Tensor, wording: Wording, top_k: int) -> dict[str, Tensor]:
    """Return what is recorded of `read_nodes` of prompted texts, all that `Targets` has but `bare`."""
    kept = min(top_k, read.shape[-1] - 1)
    likely, tokens = read.topk(kept, dim=-1)
    rest = (1 - likely.double().exp().sum(-1)).clamp(min=LEAST).log().float()
    return {
        "tokens": tokens.int(),
        "likely": likely.half(),
        "rest": rest.half(),
        "reach": score_tokens(wording, read, wording.nodes),
        "prompted": score_labels(wording, read),
    }


def read_gold(folder: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """Return what the base model says of gold rows, (rows, labels), and its label prior: "prompted" and "bare"."""
    train, gold = (read_targets(folder / f"{part}.safetensors") for part in ("train", "gold"))
    return {"prompted": (gold.prompted, train.prompted.mean(0)), "bare": (gold.bare, train.bare.mean(0))}


def open_wording(base: Path, prompt: Path, wording: Mapping[str, Any], task: Task) -> Wording:
    """Return a prompt's file as tokens of the base model in `base`."""
    text = prompt.read_text(encoding="utf-8")
    tokenizer = load_tokenizer(base, "the base model of a module")
    return word_prompt(tokenizer, text, wording, task.names, "the prompt of a module")


def context_of(network: Any) -> int:
    """Return how many tokens a base model reads."""
    return int(network.config.get_text_config().max_position_embeddings)


def _record_chunk(
    network: Any, words: Wording, texts: Sequence[Tokens], prefix: Any, top_k: int, folder: Path, first: int
) -> Path:
    import torch

    file = folder / f"{first:06d}.safetensors"
    if not file.is_file():
        folder.mkdir(exist_ok=True)
        with torch.inference_mode():
            recorded = summarise_read(read_nodes(network, words, texts, prefix), words, top_k)
            recorded["bare"] = score_labels(words, read_nodes(network, words, texts))
        whole = {name: values.contiguous() for name, values in recorded.items()}
        save_tensors(whole, file)
    return file


def _join(chunks: Sequence[Path], file: Path) -> None:
    import torch
    from safetensors.torch import load_file

    found = [load_file(chunk) for chunk in chunks]
    save_tensors({name: torch.cat([part[name] for part in found]) for name in found[0]}, file)
