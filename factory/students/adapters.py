"""Which layers of a network get low-rank factors, and which an adapter has to hold whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from factory.errors import TrainingError
from factory.recipe_students import Lora, Module
from factory.students.lesson import Lesson
from factory.students.pooling import FAMILIES, averages_tokens

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel


def configure_adapters(lesson: Lesson, network: PreTrainedModel, init: bool | str) -> LoraConfig:
    """Return which layers get factors, and which are held whole; raises TrainingError as `_targets` does."""
    from peft import EvaConfig, LoraConfig

    student = cast(Lora, lesson.student)
    whole = _whole_layers(lesson, network)
    return LoraConfig(
        task_type="SEQ_CLS",
        r=student.rank,
        lora_alpha=choose_alpha(student),
        target_modules=_targets(student, network, whole),
        modules_to_save=whole,
        use_dora=student.dora and init is True,
        use_rslora=student.rslora,
        init_lora_weights=init,
        eva_config=EvaConfig(rho=1.0) if init == "eva" else None,
    )


def choose_alpha(student: Lora) -> int:
    """Return the scale of the update."""
    return student.alpha or 2 * student.rank


def choose_layers(sides: Mapping[str, int], wanted: str | list[str], student: Lora | Module) -> list[str]:
    """Return the names of the layers that `wanted` chooses, of those whose highest rank is in `sides`.

    Raises TrainingError for a name or a rank that fits none.
    """
    where = f"students: {student.name}: "
    if wanted != "all-linear":
        names = [wanted] if isinstance(wanted, str) else wanted
        for name in names:
            if not any(f".{layer}".endswith(f".{name}") for layer in sides):
                known = ", ".join(sorted({layer.rpartition(".")[2] for layer in sides}))
                raise TrainingError(f"{where}target_modules: {student.base_model} has no {name}; it has {known}")
        sides = {layer: side for layer, side in sides.items() if any(f".{layer}".endswith(f".{it}") for it in names)}
    smallest = min(sides, key=lambda name: sides[name])
    if student.rank > sides[smallest]:
        raise TrainingError(f"{where}rank is {student.rank}, but {smallest} takes {sides[smallest]} at most; lower it")
    return list(sides)


def find_pooling_layer(lesson: Lesson, network: PreTrainedModel) -> str | None:
    """Return the name of the layer that averages the tokens (`pooling`), which stays as it is."""
    if not averages_tokens(lesson.base) or network.config.model_type not in FAMILIES:
        return None
    return f"{network.base_model_prefix}.encoder.layer.{network.config.num_hidden_layers - 1}"


def _whole_layers(lesson: Lesson, network: PreTrainedModel) -> list[str]:
    """Return the names of what the adapter holds whole: the head, the pooler (few bases have one), a pooling layer."""
    body = network.base_model_prefix
    head = [(name, layer) for name, layer in network.named_children() if name != body]
    inner = getattr(network, body).named_children()
    poolers = [(f"{body}.{name}", layer) for name, layer in inner if "pooler" in name]
    found = [name for name, layer in [*head, *poolers] if list(layer.parameters())]
    return [*found, *filter(None, [find_pooling_layer(lesson, network)])]


def _targets(student: Lora, network: PreTrainedModel, whole: list[str]) -> list[str]:
    """Return the names of the layers that get factors; raises TrainingError for a name or a rank that fits none."""
    from torch.nn import Linear
    from transformers.pytorch_utils import Conv1D

    prefixes = tuple(f"{name}." for name in whole)
    sides = {
        name: min(layer.weight.shape) // (2 if student.init == "eva" else 1)
        for name, layer in network.named_modules()
        if isinstance(layer, (Linear, Conv1D)) and not f"{name}.".startswith(prefixes)
    }
    layers = choose_layers(sides, student.target_modules, student)
    if student.init == "olora" and any(isinstance(network.get_submodule(name), Conv1D) for name in layers):
        raise TrainingError(
            f"students: {student.name}: olora cannot start the layers of {student.base_model}; choose init: pissa"
        )
    return layers
