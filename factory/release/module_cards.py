"""What the page of a module says beside what all pages say."""

from __future__ import annotations

from typing import Any

from factory.evaluation.markdown import Markdown, code, table
from factory.evaluation.report import is_local, name_base_model
from factory.evaluation.scoring import DOLLARS_PER_CORE_HOUR
from factory.modules.figures import explain_figures, list_accuracy, list_calibration, list_calls, list_figures
from factory.modules.patching import TEXTS
from factory.release import sentences
from factory.release.contents import Contents
from factory.release.methods import STARTS, list_layers
from factory.release.usage import literal, show_calls

FORMS = {
    "prefix-cache": "It is the key-value cache of that prompt in half precision: exact but for that, and large.",
    "context-distillation": "It is a low-rank change of the weights (LoRA), distilled from the prompted model.",
    "label-calibrated": "It is a low-rank change of the weights (LoRA), distilled from the label probabilities of the "
    "prompted model with its label prior taken out.",
    "activation-patch": "It is a low-rank change of the weights (LoRA), computed in closed form from the activations "
    "of the prompted model, without a gradient.",
}
INITS = {**STARTS, "activation-patch": "from the closed form"}
Json = dict[str, Any]


def fill_module(contents: Contents, student: str) -> Json:
    """Return the values of the template that are a module's own."""
    entry, about, settings = contents.entries(student)[0], contents.configs[student], contents.settings(student)
    is_prefix, accuracy = settings["form"] == "prefix-cache", list_accuracy(entry)
    calibration = list_calibration(entry)
    calls, merged = show_calls(contents, student), contents.merged_id(student)
    answers = ", ".join(f"{literal(label)}: {tokens}" for label, tokens in about["labels"].items())
    return {
        **calls,
        "answer_single": Markdown(calls["answer_light"].removeprefix("[").removesuffix("]")),
        "merged_id": merged and Markdown(merged),
        "base_model": Markdown(code(name_base_model(settings["base_model"]))),
        "is_base_on_hub": not is_local(settings["base_model"]),
        "base_call": Markdown(literal(about["base"]["name"])),
        "base_revision": Markdown(literal(about["base"]["revision"])),
        "prompt_tokens": Markdown(f"{about['prompt']['tokens']:,}"),
        "is_prefix": is_prefix,
        "start": Markdown("" if is_prefix else f"[{about['input']['start']}] + "),
        "answers": Markdown(f"{{{answers}}}"),
        "frame": Markdown(literal(about["input"]["frame"])),
        "max_length": about["input"]["max_length"],
        "temperature": Markdown(f"{about['temperature']:g}"),
        "on_form": Markdown(FORMS[settings["form"]]),
        "headline": Markdown(sentences.headline(contents, entry)),
        "on_gold": [Markdown(line) for line in sentences.on_gold(contents)],
        "on_confidence": Markdown(sentences.on_confidence(contents, entry)),
        "figures": Markdown(table(["measured", "value"], list_figures(entry))),
        "explained": [Markdown(line) for line in explain_figures(entry)],
        "accuracy": accuracy and Markdown(table(["gold labels given, %", "raw", "calibrated"], accuracy)),
        "calibration": calibration
        and Markdown(table(["expected calibration error", "raw", "calibrated"], calibration)),
        "calls": Markdown(table(["one text", "CPU ms", "$/million"], list_calls(entry))),
        "core_hour": Markdown(f"{DOLLARS_PER_CORE_HOUR:.2f}"),
        "on_training": Markdown(describe_training(contents.training[student])),
        "tried": tabulate_runs(contents.training[student]),
    }


def describe_training(facts: Json) -> str:
    """Return how the adapter was made, in sentences."""
    settings, texts = facts["student"], facts["rows"]["train"]
    seed = f"seed {settings['seed']}"
    if settings["form"] == "prefix-cache":
        return "Nothing was trained: the base model read the prompt once, and what it keeps of that was saved."
    if settings["form"] == "activation-patch":
        return (
            f"One ridge regression a block on the tokens of {min(texts, TEXTS):,} training texts gave the change of "
            f"`mlp.down_proj`, of which rank {settings['rank']} is kept; penalty {settings['ridge']:g}, weight of "
            f"unrelated text {settings['gamma']:g}."
        )
    shared = (
        f"for {facts['steps']:,} steps of {settings['batch_size']} texts, {settings['epochs']} passes over {texts:,} "
        f"unlabelled texts, at a peak learning rate of {settings['lr']:g}, {seed}."
    )
    if settings["adapter"] == "full":
        kept = f"{100 * settings['energy']:g} %" if settings["energy"] else f"Rank {settings['rank']}"
        layers = list_layers(settings["target_modules"])
        return f"The weights of {layers} were trained {shared} {kept} of the change is kept, by its singular values."
    return f"Factors of rank {settings['rank']} that started {INITS[settings['init']]} were trained {shared}"


def tabulate_runs(facts: Json) -> Markdown | None:
    """Return what was tried and how near it came on validation texts; None where there was one run."""
    if len(facts["tried"]) < 2:
        return None
    name = "ridge" if facts["student"]["form"] == "activation-patch" else "lr"
    rows = [[f"{run[name]:g}", f"{run['validation_kl']:.4f}"] for run in facts["tried"]]
    return Markdown(table(["penalty" if name == "ridge" else "learning rate", "KL on validation texts"], rows, "rr"))
