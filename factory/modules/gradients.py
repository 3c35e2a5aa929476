"""Context distillation: the weights learn to say without the prompt what they said with it, kept as factors.

The loss is the forward divergence at the place of the label (Askell et al. 2021; Snell et al. 2022). Either low-rank
factors are trained, or every linear layer, of whose change the largest singular values are kept (LoRA extraction).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.modules.factors import Factors, Pair, balance_factors, extract_factors, save_tensors
from factory.modules.reading import load_base
from factory.modules.training import draw_batches, train_weights
from factory.recipe_module import Module as Settings
from factory.recipe_students import SUBTRACTED
from factory.students.adapters import choose_layers

if TYPE_CHECKING:
    from torch import Tensor

START = "start.safetensors"
INITS = {"pissa": "pissa_niter_16", "olora": "olora"}  # as peft calls them
STEPS_BETWEEN = {"lora": 5, "full": 25}  # checkpoints; those of all weights are large
ADAPTER = "default"  # as peft calls the only one
Loss = Callable[[Any, Sequence[int]], "Tensor"]


def distil_factors(
    base: Path, run: Settings, loss: Loss, count: int, start: Factors | None, place: Path
) -> tuple[Factors, dict[str, Any]]:
    """Return factors trained on `count` texts and the facts of the training; `start` is what they begin with, if any.

    `loss` is given the network and the places of texts. What a killed attempt needs to go on is in `place`.
    """
    batches = draw_batches(count, run.batch_size, run.epochs, run.seed)
    network = load_base(base, f"students: {run.name}")
    layers = find_layers(network, run)
    network.requires_grad_(False)
    train = _train_layers if run.adapter == "full" else _train_factors
    factors, losses = train(network, layers, run, (loss, batches), start, place)
    facts = {"steps": len(losses), "first_loss": round(losses[0], 6), "last_loss": round(losses[-1], 6)}
    return factors, facts


def find_layers(network: Any, run: Settings) -> list[str]:
    """Return the names of the layers that get factors; raises TrainingError for a name or a rank that fits none."""
    from torch.nn import Linear

    head = network.get_output_embeddings()
    sides = {
        name: min(layer.weight.shape)
        for name, layer in network.named_modules()
        if isinstance(layer, Linear) and layer is not head
    }
    return choose_layers(sides, "down_proj" if run.init == "activation-patch" else run.target_modules, run)


def _train_layers(
    network: Any, layers: Sequence[str], run: Settings, lesson: Any, start: Factors | None, place: Path
) -> tuple[Factors, list[float]]:
    import torch

    loss, batches = lesson
    before = {}
    for name in layers:
        weight = network.get_submodule(name).weight.requires_grad_(True)
        before[name] = weight.detach().clone()
    losses = train_weights(
        network, lambda places: loss(network, places), batches, _rate_of(run), place, STEPS_BETWEEN["full"]
    )
    with torch.no_grad():
        change = {name: network.get_submodule(name).weight - weight for name, weight in before.items()}
    return {name: extract_factors(delta, run.rank, run.energy) for name, delta in change.items()}, losses


def _train_factors(
    network: Any, layers: Sequence[str], run: Settings, lesson: Any, start: Factors | None, place: Path
) -> tuple[Factors, list[float]]:
    import torch
    from peft import get_peft_model

    loss, batches = lesson
    first = _read_start(network, layers, run, start, place)
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        get_peft_model(network, _configure(layers, run, True))
    for name, layer in _adapted(network):
        if first:
            _set(layer, first[name])
        if run.init in SUBTRACTED:
            layer.get_base_layer().weight.data -= first[name].b @ first[name].a
    losses = train_weights(
        network, lambda places: loss(network, places), batches, _rate_of(run), place, STEPS_BETWEEN["lora"]
    )
    subtracted = first if run.init in SUBTRACTED else {}
    return {name: _take(layer, subtracted.get(name)) for name, layer in _adapted(network)}, losses


def _rate_of(run: Settings) -> float:
    """Return the one learning rate of a run, which `Module.runs` has filled in."""
    if not isinstance(run.lr, float):
        raise TypeError(f"{run.lr} is no learning rate of one run")
    return run.lr


def _configure(layers: Sequence[str], run: Settings, init: bool | str) -> Any:
    from peft import LoraConfig

    alpha = run.rank if run.init == "activation-patch" else 2 * run.rank
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=run.rank,
        lora_alpha=alpha,
        target_modules=list(layers),
        init_lora_weights=init,
    )


def _read_start(
    network: Any, layers: Sequence[str], run: Settings, start: Factors | None, place: Path
) -> Mapping[str, Pair]:
    """Return the factors that training begins with, none where they are random; computed once and kept.

    The decomposition is made by peft, of a copy of the base model.
    """
    import copy

    import torch
    from peft import get_peft_model
    from safetensors.torch import load_file

    if start:
        return {name: balance_factors(pair) for name, pair in start.items()}
    if run.init not in INITS:
        return {}
    file = place / START
    if not file.is_file():
        other = copy.deepcopy(network)
        with torch.random.fork_rng():
            torch.manual_seed(run.seed)
            get_peft_model(other, _configure(layers, run, INITS[run.init]))
        pairs = {name: _take(layer, None) for name, layer in _adapted(other)}
        place.mkdir(parents=True, exist_ok=True)
        sides = {f"{name}.{side}": matrix for name, pair in pairs.items() for side, matrix in pair._asdict().items()}
        save_tensors(sides, file)
    kept = load_file(file)
    return {name: Pair(kept[f"{name}.b"], kept[f"{name}.a"]) for name in layers}


def _adapted(network: Any) -> Iterator[tuple[str, Any]]:
    from peft.tuners.lora import LoraLayer

    for name, layer in network.named_modules():
        if isinstance(layer, LoraLayer):
            yield name, layer


def _set(layer: Any, pair: Pair) -> None:
    """Let an adapted layer begin with the factors of a change, whose scale is 1."""
    layer.lora_A[ADAPTER].weight.data.copy_(pair.a)
    layer.lora_B[ADAPTER].weight.data.copy_(pair.b / layer.scaling[ADAPTER])


def _take(layer: Any, subtracted: Pair | None) -> Pair:
    """Return the change that an adapted layer makes to the untouched base: W - BA + B'A' is W + [B' -B][A'; A]."""
    import torch

    b = (layer.lora_B[ADAPTER].weight * layer.scaling[ADAPTER]).detach().contiguous()
    a = layer.lora_A[ADAPTER].weight.detach().contiguous()
    if subtracted is None:
        return Pair(b, a)
    return Pair(torch.cat([b, -subtracted.b], dim=1), torch.cat([a, subtracted.a]))
