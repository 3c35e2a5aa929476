"""What every student of a recipe has, whatever its method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from factory.recipe_section import Section

if TYPE_CHECKING:
    from factory.recipe_students import AnyStudent

Effort = Literal["quick", "normal", "thorough"]
Rate = Annotated[float, Field(gt=0)]


class Student(Section):
    """One small model to train; `method` says how, and which further settings there are."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=30, description="Suffix of its repository.")
    method: str
    seed: int = Field(0, description="Of initial weights and the order of rows.")
    seeds: int = Field(1, ge=1, le=20, description="Runs that `factory compare` repeats with other seeds.")
    balance: Literal["none", "weights", "sampling"] = Field(
        "none", description="For skewed labels: weights in the loss, or rare labels drawn more often."
    )

    @property
    def identity(self) -> dict[str, Any]:
        """What shapes the weights: every setting but the name that is not at its default, and the method."""
        given = self.model_dump(mode="json", exclude={"name", "seeds"}, exclude_defaults=True)
        return {"method": self.method, **given}

    @property
    def repositories(self) -> list[str]:
        """Suffixes of the repositories that it is published in."""
        return [self.name]

    def runs(self, effort: Effort) -> list[AnyStudent]:
        """Return what is tried for this student, every setting filled in; validation rows choose one of them."""
        return [self]  # type: ignore[list-item]  # is one of the classes below

    def repeat(self, count: int) -> list[AnyStudent]:
        """Return this run with `count` seeds, from its own on."""
        return [self.model_copy(update={"seed": seed}) for seed in range(self.seed, self.seed + count)]  # type: ignore[misc]


class Based(Student):
    """A student that starts from a base model."""

    base_model: str = Field(min_length=1, description="A Hub id, or a folder (`./model`).")
    revision: str = Field("main", description="Branch, tag or commit of the base model.")
    max_length: int = Field(128, ge=8, description="Tokens; the rest of a text is cut off.")
