"""The students of a recipe: what each method adds to what all have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from factory.recipe_module import Module as Module
from factory.recipe_student import Based as Based
from factory.recipe_student import Effort as Effort
from factory.recipe_student import Rate, Student

SUBTRACTED = ("pissa", "olora")  # starts of LoRA that take their first factors out of the base


class Linear(Student):
    """Logistic regression on TF-IDF of words and pairs of words: no base model, a file of kilobytes."""

    method: Literal["linear"]


class Static(Based):
    """One vector a token, distilled from the base model (model2vec), and a linear head: no network at all."""

    method: Literal["static"]


class Head(Based):
    """The body stays as it is; only the head is trained."""

    method: Literal["head"]


class Trained(Based):
    """A student that is trained by gradient."""

    epochs: int | None = Field(None, ge=1, description="At most; validation decides when to stop.")
    lr: Rate | Annotated[list[Rate], Field(min_length=1)] | None = Field(
        None, description="Peak learning rate; of several, validation chooses."
    )
    batch_size: int = Field(16, ge=1, description="Rows in one step.")
    head_first: bool = Field(True, description="Train the head on the frozen body before everything together.")

    def runs(self, effort: Effort) -> list[AnyStudent]:
        """Return a run for each learning rate."""
        given = self.lr or RATES[self.method][effort]
        epochs = self.epochs or EPOCHS[effort]
        rates = given if isinstance(given, list) else [given]
        return [self.model_copy(update={"epochs": epochs, "lr": rate}) for rate in rates]  # type: ignore[misc]


class Full(Trained):
    """Every weight is trained."""

    method: Literal["full"] = "full"


class Lora(Trained):
    """Low-rank adapters are trained and merged into the weights."""

    method: Literal["lora"]
    init: Literal["default", "pissa", "olora", "eva"] = Field(
        "default", description="Where the factors start: at random, or from an SVD or QR of weights or activations."
    )
    rank: int = Field(16, ge=1, description="Of each pair of factors.")
    alpha: int | None = Field(None, ge=1, description="Scale of the update (default: twice the rank).")
    target_modules: str | list[str] = Field("all-linear", description="Which layers get factors.")
    dora: bool = Field(False, description="Train the magnitude of each column apart (DoRA).")
    rslora: bool = Field(False, description="Scale by alpha over the root of the rank (rsLoRA).")
    adapter: bool = Field(False, description="Publish the adapter too, in a repository of its own.")

    @property
    def repositories(self) -> list[str]:
        """Suffixes of the repositories that it is published in: the merged model, and its adapter on request."""
        return [self.name, *([f"{self.name}-adapter"] if self.adapter else [])]


class Distil(Trained):
    """Every weight is trained, on a distribution over the labels instead of the label alone."""

    method: Literal["distil"]
    teacher: str | None = Field(
        None,
        description="Name of an earlier student whose logits teach, or of a module whose prompted model does "
        "(default: the teacher's probabilities).",
    )
    temperature: float = Field(2.0, gt=0, description="Softens both distributions.")
    soft_weight: float = Field(0.7, ge=0, le=1, description="Share of the soft loss; the rest is on the labels.")


class Shrink(Distil):
    """A smaller network with layers of a larger one, taught by its logits and hidden states."""

    method: Literal["shrink"]  # type: ignore[assignment]  # a method of its own
    layers: Annotated[int, Field(ge=1)] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        3, description="How many, evenly spaced, or which, from 0."
    )
    vocabulary: Literal["all", "used"] = Field("all", description="used: only tokens that the texts need are kept.")
    init: Literal["copy", "random"] = Field("copy", description="random: the control, which is always reported.")


class Auto(Based):
    """Tries several methods, and is the one that validation finds best."""

    method: Literal["auto"]

    def runs(self, effort: Effort) -> list[AnyStudent]:
        """Return the runs of every method that the effort allows."""
        given = self.model_dump(exclude={"method"}, exclude_unset=True)
        return [run for kind in TRIED[effort] for run in _narrow(kind, given).runs(effort)]


AnyStudent = Linear | Static | Head | Full | Lora | Distil | Shrink | Auto | Module
RATES: dict[str, dict[str, list[float]]] = {
    "full": {"quick": [5e-5], "normal": [5e-5], "thorough": [2e-5, 5e-5, 1e-4]},
    "distil": {"quick": [5e-5], "normal": [5e-5], "thorough": [2e-5, 5e-5, 1e-4]},
    "shrink": {"quick": [1e-4], "normal": [1e-4], "thorough": [5e-5, 1e-4, 3e-4]},
    "lora": {"quick": [3e-4], "normal": [3e-4], "thorough": [1e-4, 3e-4, 1e-3]},
}
EPOCHS = {"quick": 5, "normal": 10, "thorough": 15}
TRIED: dict[str, list[type[Student]]] = {
    "quick": [Linear, Head],
    "normal": [Linear, Head, Full],
    "thorough": [Linear, Static, Head, Full, Lora],
}


def find_reader(students: Sequence[AnyStudent]) -> Head | None:
    """Return a student that reads texts as the first one with a base model does, to look at rows before any learns."""
    based = next((it for it in students if isinstance(it, Based) and not isinstance(it, Module)), None)
    shared = {"base_model", "revision", "max_length"}
    return Head(name="audit", method="head", **based.model_dump(include=shared)) if based else None


def _narrow(kind: type[Student], given: dict[str, Any]) -> Student:
    """Return a student of another method with those of the settings that it has."""
    settings = {name: value for name, value in given.items() if name in kind.model_fields}
    return kind(**settings, method=kind.__name__.lower())


def _method_of(value: object) -> str:
    given = value.get("method", "full") if isinstance(value, dict) else getattr(value, "method", "full")
    return str(given)


StudentSettings = Annotated[
    Annotated[Linear, Tag("linear")]
    | Annotated[Static, Tag("static")]
    | Annotated[Head, Tag("head")]
    | Annotated[Full, Tag("full")]
    | Annotated[Lora, Tag("lora")]
    | Annotated[Distil, Tag("distil")]
    | Annotated[Shrink, Tag("shrink")]
    | Annotated[Auto, Tag("auto")]
    | Annotated[Module, Tag("module")],
    Discriminator(_method_of),
]
