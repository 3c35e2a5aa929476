"""A recipe: one YAML file that says what to label, who teaches, and what to publish.

Only the shape lives here; `recipe_file` reads the file and names every fault with its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr

from factory.recipe_data import Audit, Filter, Generate, Gold, Improve, Rows, SeedText, Split, Texts
from factory.recipe_section import Section, later
from factory.recipe_students import Effort, Module, StudentSettings
from factory.recipe_teacher import (
    ROUTER,
    Budget,
    HttpTeacher,
    LocalTeacher,
    Price,
    RecordedTeacher,
    TeacherGate,
    TeacherSettings,
)

__all__ = [
    "ROUTER",
    "Audit",
    "Budget",
    "Filter",
    "Generate",
    "Gold",
    "HttpTeacher",
    "Improve",
    "Kind",
    "LocalTeacher",
    "Price",
    "Publish",
    "Recipe",
    "RecordedTeacher",
    "Require",
    "Rows",
    "SeedText",
    "Split",
    "Task",
    "TeacherGate",
    "TeacherSettings",
    "Texts",
]
Kind = Literal["single-label", "multi-label", "pair"]


class Task(Section):
    """What is asked of the teacher and of every student."""

    kind: Kind = Field(
        "single-label",
        description="multi-label: all that apply, which may be none; pair: one label for two texts together.",
    )
    text: str = Field(min_length=1, description="What one text is, e.g. 'An SMS message'.")
    text_pair: str | None = Field(None, min_length=1, description="What the second text of a pair is.")
    question: str = Field(min_length=1, description="The question that the labels answer.")
    labels: dict[str, str] = Field(min_length=2, description="Each label and what it means; the order is kept.")

    @property
    def names(self) -> list[str]:
        """The labels in the recipe's order, which is the order of `id2label`."""
        return list(self.labels)


class Require(Section):
    """What a student must reach, else nothing is published; between 0 and 1."""

    macro_f1: float | None = Field(None, ge=0, le=1, description="On gold.")
    accuracy: float | None = Field(None, ge=0, le=1, description="On gold.")
    agreement: float | None = Field(None, ge=0, le=1, description="With the teacher, on held-out rows.")
    not_worse_than_published: bool = Field(
        True, description="On gold, no file may be worse than the published one by more than chance."
    )


class Publish(Section):
    """Where the release goes."""

    namespace: str | None = Field(None, description="User or organisation (default: the token's user).")
    private: bool = Field(False, description="Only you can see it.")
    require: Require = Field(Require(), description="The gate before publication.")
    supersedes: str | None = later(
        None,
        min_length=1,
        description="Former name of the recipe, or a model, whose cards are to name the new models as `new_version`.",
    )
    accept_license_conflict: str | None = later(
        None,
        min_length=1,
        description="Why `license` may be what it is though a base model's, the texts' or the gold's says otherwise.",
    )


class Recipe(Section):
    """The whole file."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="Name of the repositories.")
    title: str = Field(min_length=1, max_length=80, description="One line for people.")
    license: str = Field(min_length=1, description="Licence of what is published, as a Hub identifier.")
    language: str = Field(pattern=r"^[a-z]{2,3}$", description="ISO 639 code of the texts.")
    task: Task
    teacher: TeacherSettings | None = Field(None, description="Who labels the texts, and writes them.")
    teachers: list[TeacherSettings] = Field(
        [], min_length=2, max_length=5, description="In place of `teacher`: all label, most decide, the first writes."
    )
    teacher_gate: TeacherGate = later(
        TeacherGate(),
        description="What the teacher must reach on gold before it is paid for texts (default: a warning).",
    )
    budget: Budget = Budget()
    generate: Generate | None = None
    texts: Texts | None = None
    gold: Gold | None = None
    improve: Improve | None = later(None, description="Spend in rounds, where a cheap student errs or is unsure.")
    filter: Filter = Filter()
    split: Split = Split()
    audit: Audit | None = Field(Audit(), description="Which labels look wrong, and how many are; null: not asked.")
    students: list[StudentSettings] = Field([], description="What is trained; without any, the dataset alone is made.")
    effort: Effort = Field("normal", description="How much is tried for what the students leave open.")
    compress: list[Literal["onnx", "onnx-int8"]] = Field(["onnx", "onnx-int8"], description="Light files to ship.")
    max_gold_drop: float = Field(1.0, ge=0, description="Points of accuracy on gold that a light file may lose.")
    publish: Publish = Publish()

    _path: Path = PrivateAttr(default=Path("recipe.yaml"))

    @classmethod
    def read(cls, path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
        """Return the recipe in the file `path` (or `path`/recipe.yaml), with `dotted.key=value` overrides.

        Raises RecipeError with one line for every fault.
        """
        from factory.recipe_file import read_recipe

        return read_recipe(Path(path), overrides)

    @property
    def modules(self) -> list[Module]:
        """The students that are prompts made into weights."""
        return [student for student in self.students if isinstance(student, Module)]

    @property
    def all_teachers(self) -> list[TeacherSettings]:
        """The teacher, or all that label together."""
        return [self.teacher] if self.teacher else self.teachers

    @property
    def path(self) -> Path:
        """The file that the recipe was read from."""
        return self._path

    def find(self, name: str) -> Path:
        """Return the place of `name`, a path of the recipe, which is relative to the recipe's folder."""
        return self._path.parent / name
