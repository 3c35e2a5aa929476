"""The settings of a student that is a prompt made into weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from factory.recipe_student import Based, Effort, Rate

if TYPE_CHECKING:
    from factory.recipe_students import AnyStudent

RATES: dict[str, dict[str, list[float]]] = {
    "lora": {"quick": [1e-3], "normal": [3e-4, 1e-3], "thorough": [1e-4, 3e-4, 1e-3]},
    "full": {"quick": [5e-5], "normal": [5e-5], "thorough": [2e-5, 5e-5, 1e-4]},
}


class Module(Based):
    """What a prompt does to the base model, made into a saved module that labels without the prompt."""

    method: Literal["module"]
    prompt: str = Field(min_length=1, description="File with the prompt that is baked, relative to the recipe.")
    input: str = Field(
        "{text}\nLabel:",
        pattern=r"\{text\}",
        description="What follows the prompt for each text; it ends where the label is said.",
    )
    verbalizers: dict[str, str] = Field(
        {}, description="What the base model writes for each label (default: a blank and the label)."
    )
    form: Literal["context-distillation", "prefix-cache", "activation-patch", "label-calibrated"] = Field(
        "context-distillation",
        description="Trained on the prompted model's distribution; its key-value cache, in half precision and large; "
        "closed form, without a gradient; trained on its label probabilities with the label prior taken out.",
    )
    adapter: Literal["lora", "full"] = Field(
        "lora", description="full: every linear layer is trained, and low-rank factors are extracted of what changed."
    )
    init: Literal["default", "pissa", "olora", "activation-patch"] = Field(
        "default", description="Where low-rank factors start that are trained."
    )
    rank: int = Field(16, ge=1, description="Of each pair of factors.")
    energy: float | None = Field(
        None, gt=0, le=1, description="Share of the change to keep in place of a rank, for `adapter: full`."
    )
    target_modules: str | list[str] = Field("all-linear", description="Which layers get factors.")
    lr: Rate | Annotated[list[Rate], Field(min_length=1)] | None = Field(
        None, description="Peak learning rate; of several, the divergence on validation texts chooses."
    )
    ridge: Rate | Annotated[list[Rate], Field(min_length=1)] = Field(
        0.03, description="Penalty of the closed form, chosen as `lr` is."
    )
    gamma: float = Field(0.0, ge=0, description="Weight of unrelated text, which the closed form leaves as it is.")
    epochs: int = Field(2, ge=1, description="Passes over the training texts.")
    batch_size: int = Field(8, ge=1, description="Texts in one step.")
    top_k: int = Field(128, ge=1, description="Most likely tokens whose probability is recorded for each text.")
    unrelated: str | None = Field(
        None, description="File of texts about other things, one a line, on which side effects are measured."
    )
    merged: bool = Field(
        False, description="Publish the merged weights too, which need no peft, in a repository of their own."
    )
    min_fidelity: float = Field(
        0.5, le=1, description="Share of the prompt's effect that a module must keep to be published."
    )
    allow_worthless_prompt: bool = Field(
        False, description="Go on where the prompt does not beat the calibrated model without it on gold."
    )

    @property
    def identity(self) -> dict[str, Any]:
        """What shapes the adapter: it is the same whether it is published merged too or not."""
        return {name: value for name, value in super().identity.items() if name != "merged"}

    @property
    def repositories(self) -> list[str]:
        """Suffixes of the repositories that it is published in: the adapter, and the merged weights on request."""
        return [self.name, *([f"{self.name}-merged"] if self.merged else [])]

    @property
    def wording(self) -> dict[str, Any]:
        """What the base model is shown and what it is read by, all that its recorded answers depend on."""
        return self.model_dump(mode="json", include={"input", "verbalizers", "max_length", "top_k"})

    def runs(self, effort: Effort) -> list[AnyStudent]:
        """Return a run for each learning rate, or each penalty of the closed form."""
        if self.form == "prefix-cache":
            return [self]
        if self.form == "activation-patch":
            return [self.model_copy(update={"ridge": ridge, "lr": None}) for ridge in _as_list(self.ridge)]
        rates = self.lr or RATES[self.adapter][effort]
        ridge = _as_list(self.ridge)[0]
        return [self.model_copy(update={"lr": rate, "ridge": ridge}) for rate in _as_list(rates)]


def _as_list(given: float | list[float]) -> list[float]:
    return given if isinstance(given, list) else [given]
