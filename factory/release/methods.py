"""How a student was made, said from the facts of its training: what the method is, and what settled the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.evaluation.markdown import Markdown, code, table
from factory.evaluation.report import name_base_model
from factory.recipe_students import SUBTRACTED
from factory.release.contents import Contents

WHAT = {
    "full": "It is {base} ({size}), fine-tuned on {rows}.",
    "lora": "It is {base} ({size}), fine-tuned by low-rank adapters that are merged into its weights, on {rows}.",
    "head": "It is {base} ({size}) with a head trained on {rows}; the rest of the network was not trained.",
    "distil": "It is {base} ({size}), fine-tuned on {rows}, and on how sure {teacher} was of each label.",
    "shrink": "It is a small network ({size}) {origin}, trained on {rows}.",
    "static": "It is one vector a token, distilled from {base}, with a linear head ({size} in all) trained on {rows}.",
    "linear": "It is a linear model on words and pairs of words ({size}), trained on {rows}.",
}
HOW = {
    "full": "Every weight was trained",
    "lora": "Low-rank factors (LoRA) were trained beside the frozen weights",
    "head": "The head alone was trained, as logistic regression on what the frozen body makes of each text",
    "distil": "Every weight was trained",
    "shrink": "Every weight was trained",
    "static": "The head was trained on the mean of the vectors of a text's tokens",
    "linear": "Logistic regression was trained on TF-IDF of words and pairs of words",
}
STARTS = {
    "default": "at random",
    "pissa": "from the largest singular values of the weights (PiSSA)",
    "olora": "from a QR decomposition of the weights (OLoRA)",
    "eva": "from the singular vectors of the activations (EVA)",
}
BALANCES = {
    "weights": "Rare labels weigh more in the loss, in inverse proportion to their rows (class weights).",
    "sampling": "Rows of rare labels were shown more often (balanced sampling).",
}
MERGED = "They are merged into the weights: this is a plain model, which needs no peft."
POOLING = (
    "The base was made to be read by the mean of a text's tokens; one more layer, of plain attention that weighs all "
    "tokens alike, gives the head that mean."
)
Json = dict[str, Any]


def on_model(contents: Contents, student: str) -> str:
    """Return what a student is: its base, its size, and on how many rows it was trained."""
    settings, facts = contents.settings(student), contents.training[student]
    rows = sum(facts["rows"].values())
    return WHAT[settings["method"]].format(
        base=_name_base(settings),
        size=f"{_count(facts['parameters'])} parameters",
        rows=f"{rows:,} {contents.units} that a language model labelled",
        teacher=_name_teacher(contents, settings),
        origin=_describe_origin(contents, settings),
    )


def on_training(contents: Contents, student: str, *, is_adapter: bool = False) -> str:
    """Return how a student, or what is published as its adapter, was trained, and what validation rows decided."""
    settings, facts = contents.settings(student), contents.training[student]
    how = HOW[settings["method"]]
    if settings.get("head_first"):
        how = f"The head was trained first, on the frozen body; then {how[0].lower()}{how[1:]}"
    steps = ""
    if "lr" in settings:
        steps = f"peak learning rate {_rate(settings['lr'])}, batches of {settings['batch_size']}, "
    sentences = [
        f"{how}: {steps}seed {settings['seed']}.",
        *_on_method(contents, settings),
        *([_on_adapter(settings) if is_adapter else MERGED] if settings["method"] == "lora" else []),
        *([POOLING] if facts.get("pooling") == "mean" else []),
        *([BALANCES[settings["balance"]]] if settings.get("balance", "none") != "none" else []),
        _on_passes(settings, facts),
    ]
    return " ".join(sentences)


def list_layers(chosen: str | list[str]) -> str:
    """Return what `target_modules` names, as a card says it."""
    if chosen == "all-linear":
        return "all linear layers"
    return ", ".join([chosen] if isinstance(chosen, str) else chosen)


def on_choice(tried: list[Json]) -> str:
    """Return what chose among the runs that were tried."""
    return f"{len(tried)} runs were tried; validation rows chose among them, never gold."


def tabulate_tried(contents: Contents, student: str) -> Markdown | None:
    """Return every run that was tried with its score on validation rows; None where there was one."""
    tried, settings = contents.training[student]["tried"], contents.settings(student)
    if len(tried) < 2:
        return None
    rows = []
    for run in tried:
        is_chosen = all(run[name] == settings.get(name) for name in ("method", "lr", "seed"))
        rate = _rate(run["lr"]) if run["lr"] else "-"
        cells = [run["method"], rate, str(run["seed"]), f"{100 * run['macro_f1']:.1f}"]
        rows.append([f"**{cell}**" if is_chosen else cell for cell in cells])
    return Markdown(table(["method", "learning rate", "seed", "macro-F1 on validation rows"], rows, "lrrr"))


def _on_method(contents: Contents, settings: Json) -> Iterator[str]:
    method = settings["method"]
    if method == "lora":
        yield from _on_factors(settings)
    if method in ("distil", "shrink"):
        share = round(100 * settings["soft_weight"])
        yield (
            f"{share} % of the loss is the distance to the probabilities of {_name_teacher(contents, settings)}, both "
            f"softened at temperature {settings['temperature']:g}; {100 - share} % is on the labels."
        )
    if method == "shrink":
        yield f"It is a network {_describe_origin(contents, settings)}."
        if settings["vocabulary"] == "used":
            yield "Its vocabulary was cut down to the tokens that the texts need."


def _on_factors(settings: Json) -> Iterator[str]:
    where = list_layers(settings["target_modules"])
    extra = [name for name, is_on in (("DoRA", settings["dora"]), ("rsLoRA", settings["rslora"])) if is_on]
    alpha = settings["alpha"] or 2 * settings["rank"]
    yield (
        f"The factors have rank {settings['rank']}, alpha {alpha}, stand in {where}{', with ' if extra else ''}"
        f"{' and '.join(extra)}, and started {STARTS[settings['init']]}."
    )


def _on_adapter(settings: Json) -> str:
    """Return the rank of the published factors: twice that, where the first factors were taken out of the base."""
    if settings["init"] not in SUBTRACTED:
        return f"This adapter has rank {settings['rank']}."
    return (
        f"This adapter has rank {2 * settings['rank']}: it also holds the first factors, which were taken out of the "
        f"base, so that it fits the base as it is."
    )


def _describe_origin(contents: Contents, settings: Json) -> str:
    """Return where the layers of a shrunk network are from; nothing for other methods."""
    if settings["method"] != "shrink":
        return ""
    layers, source = settings["layers"], settings["teacher"]
    chosen = (
        f"{layers} layers, evenly spaced," if isinstance(layers, int) else f"the layers {', '.join(map(str, layers))}"
    )
    is_cut = source and not contents.is_module(source)
    origin = f"`{contents.model_id(source)}`" if is_cut else _name_base(settings)
    if settings["init"] == "random":
        return f"with the shape of {chosen} of {origin}, and random weights"
    return f"with {chosen} of {origin}"


def _name_teacher(contents: Contents, settings: Json) -> str:
    source = settings.get("teacher")
    if source and contents.is_module(source):
        return f"the prompted model that `{contents.model_id(source)}` is made from"
    return f"`{contents.model_id(source)}`" if source else "the language model"


def _name_base(settings: Json) -> str:
    return code(name_base_model(settings["base_model"])) if "base_model" in settings else ""


def _on_passes(settings: Json, facts: Json) -> str:
    again = "on training and validation rows together"
    if "epochs" not in facts:
        return f"Validation rows settled what was open; then the model was trained afresh {again}."
    epochs, limit, best = facts["epochs"], settings["epochs"], facts["best_epoch"]
    if epochs == limit:
        return (
            f"It took all of its {limit} epochs, of which epoch {best} was the best on validation rows; then the "
            f"model was trained afresh for {epochs} {again}."
        )
    return (
        f"It stopped after {epochs} of up to {limit} epochs, as validation rows showed nothing better after epoch "
        f"{best}; then the model was trained afresh for {epochs} {again}."
    )


def _rate(rate: float) -> str:
    return f"{rate:g}".replace("e-0", "e-")


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number:,}"
