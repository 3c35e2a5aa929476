"""Low-rank adapters (LoRA: Hu et al. 2021): trained beside frozen weights, then merged into them.

They may start from a decomposition instead of at random: of the weights (PiSSA: Meng et al. 2024; OLoRA: Buyukakyuz
2024), which takes the first factors out of the base, or of what the layers read of the rows (EVA: Paischer et al.
2024). What is published never depends on that: the merged network is plain, and the adapter fits the untouched base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from factory.errors import TrainingError
from factory.evaluation.report import is_local
from factory.modules.factors import save_tensors, write_adapter
from factory.recipe_students import SUBTRACTED, Lora
from factory.students.adapters import choose_alpha, configure_adapters, find_pooling_layer
from factory.students.fitting import fit_network
from factory.students.lesson import Facts, Fitted, Lesson
from factory.students.networks import count_parameters, save_network, tokenize
from factory.students.pretrained import load_classifier, load_tokenizer

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

INITS = {"pissa": "pissa_niter_16", "olora": "olora", "eva": "eva"}  # as peft calls them; PiSSA by its fast SVD
START = "start.safetensors"  # first factors, which a killed attempt goes on with
MAX_PASSES = 200  # batches by which the components of EVA have to settle
Weights = dict[str, "Tensor"]


def train_lora(lesson: Lesson) -> Fitted:
    """Return the base model with trained adapters merged into it, and its head trained.

    With `adapter`, `save_adapter` writes adapter_config.json and adapter_model.safetensors (float32): a plain LoRA for
    the base as it is on its Hub, of twice the rank where the first factors came out of the base. It holds every layer
    that the base lacks; `facts["adapter"]` is what from_pretrained of the base needs to be told for it.
    """
    student, start = cast(Lora, lesson.student), _read_start(lesson)
    network = load_classifier(lesson)
    facts: Facts = {"init": student.init, "rank": student.rank, "alpha": choose_alpha(student)}
    facts["parameters"] = count_parameters(network)["parameters"]
    if student.adapter:
        facts["adapter"] = _arguments(lesson, network)
    adapted = _adapt(lesson, network, start)
    facts = fit_network(lesson, adapted).facts | facts
    config, weights = adapted.peft_config["default"], _publishable(lesson, adapted, start)
    merged, tokenizer, thresholds = adapted.merge_and_unload(), load_tokenizer(lesson), lesson.found.get("thresholds")
    return Fitted(
        lambda folder: save_network(merged, tokenizer, folder, thresholds),
        facts,
        (lambda folder: _save_adapter(lesson, config, weights, folder)) if student.adapter else None,
    )


def _arguments(lesson: Lesson, network: PreTrainedModel) -> Facts:
    """Return what from_pretrained has to be told to make of the base a network that the adapter fits."""
    deeper = {"num_hidden_layers": network.config.num_hidden_layers} if find_pooling_layer(lesson, network) else {}
    return {"num_labels": network.config.num_labels, **deeper}


def _read_start(lesson: Lesson) -> Weights:
    """Return the first factors by the names of their parameters, none where they are random.

    They are computed once and kept, so that an attempt that goes on subtracts the same numbers.
    """
    from safetensors.torch import load_file

    student, file = cast(Lora, lesson.student), lesson.place / START
    if student.init == "default":
        return {}
    if not file.is_file():
        lesson.place.mkdir(parents=True, exist_ok=True)
        save_tensors(_decompose(lesson), file)
    return load_file(file)


def _decompose(lesson: Lesson) -> Weights:
    from peft import get_peft_model

    student, network = cast(Lora, lesson.student), load_classifier(lesson)
    adapted = get_peft_model(network, configure_adapters(lesson, network, INITS[student.init]))
    if student.init == "eva":
        _read_activations(lesson, adapted)
    named = adapted.named_parameters()
    return {name: weight.detach().contiguous() for name, weight in named if ".lora_A." in name or ".lora_B." in name}


def _read_activations(lesson: Lesson, adapted: PeftModel) -> None:
    """Set the factors to the principal components of what their layers read of the rows, all of the same rank."""
    from peft import initialize_lora_eva_weights

    student = cast(Lora, lesson.student)
    batches = [batch for batch in _batches(lesson) if batch["attention_mask"].sum() >= 2 * student.rank]
    if not batches:
        raise TrainingError(f"students: {student.name}: too few words for init: eva; lower its `rank`, or add texts")
    with redirect_stdout(StringIO()):
        initialize_lora_eva_weights(adapted, batches, forward_fn=_bounded(student), show_progress_bar=False)


def _batches(lesson: Lesson) -> Iterator[dict[str, Any]]:
    tokenizer, size = load_tokenizer(lesson), cast(Lora, lesson.student).batch_size
    encoded = tokenize(tokenizer, lesson.rows)
    for first in range(0, len(encoded), size):
        yield dict(tokenizer.pad(encoded[first : first + size], return_tensors="pt"))


def _bounded(student: Lora) -> Callable[[Any, dict[str, Any]], Any]:
    """Return a forward pass that may be made MAX_PASSES times: peft goes on for as long as components move."""
    passes = count(1)

    def forward(network: Any, batch: dict[str, Any]) -> Any:
        if next(passes) > MAX_PASSES:
            raise TrainingError(
                f"students: {student.name}: the components of init: eva did not settle in {MAX_PASSES} batches; lower "
                f"its `rank`, or choose another `init`"
            )
        return network(**batch)

    return forward


def _adapt(lesson: Lesson, network: PreTrainedModel, start: Weights) -> PeftModel:
    """Return `network` with adapters that begin with the factors `start`; what it computes is unchanged."""
    import torch
    from peft import get_peft_model
    from peft.tuners.lora import LoraLayer

    pooling = find_pooling_layer(lesson, network)
    adapted = get_peft_model(network, configure_adapters(lesson, network, True))
    if pooling:
        adapted.base_model.model.get_submodule(pooling).requires_grad_(False)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if name in start:
                weight.copy_(start[name])
        if cast(Lora, lesson.student).init in SUBTRACTED:
            for layer in (it for it in adapted.modules() if isinstance(it, LoraLayer)):
                layer.get_base_layer().weight -= layer.get_delta_weight("default")
    return adapted


def _publishable(lesson: Lesson, adapted: PeftModel, start: Weights) -> Weights:
    """Return the weights of an adapter for the untouched base: W - BA + B'A' is W + [B' -B][A'; A]."""
    import torch
    from peft import get_peft_model_state_dict

    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    weights = {name: weight.detach().cpu().clone().contiguous() for name, weight in state.items()}
    if cast(Lora, lesson.student).init in SUBTRACTED:
        for full_name, first in start.items():
            name, is_a = full_name.replace(".default.", "."), ".lora_A." in full_name
            weights[name] = torch.cat([weights[name], first if is_a else -first], dim=0 if is_a else 1)
    return weights


def _save_adapter(lesson: Lesson, config: LoraConfig, weights: Weights, folder: Path) -> None:
    student = cast(Lora, lesson.student)
    is_double, is_on_hub = student.init in SUBTRACTED, not is_local(student.base_model)
    settings = config.to_dict() | {
        "base_model_name_or_path": student.base_model if is_on_hub else None,
        "revision": student.revision if is_on_hub else None,
        "inference_mode": True,
        "init_lora_weights": True,
        "r": student.rank * 2 if is_double else student.rank,
        "lora_alpha": choose_alpha(student) * (1 if not is_double else 2**0.5 if student.rslora else 2),
        "target_modules": sorted(config.target_modules),
        "modules_to_save": sorted(set(config.modules_to_save)),
    }
    write_adapter(settings, weights, folder)
