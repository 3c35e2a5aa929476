"""A recipe: one YAML file that says what to label, who teaches, and what to publish.

Only the shape lives here; `recipe_file` reads the file and names every fault with its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from factory.recipe_students import Effort, StudentSettings

ROUTER = "https://router.huggingface.co/v1"
Kind = Literal["single-label", "multi-label", "pair"]


class Section(BaseModel):
    """A part of a recipe: immutable, and refusing settings it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Price(Section):
    """What the provider charges, in dollars per million tokens."""

    input: float = Field(ge=0, description="Dollars per million input tokens.")
    output: float = Field(ge=0, description="Dollars per million output tokens.")


class HttpTeacher(Section):
    """Any server that speaks OpenAI's chat completions."""

    model: str = Field(min_length=1, description="The model's name as the server knows it.")
    base_url: str = Field(ROUTER, pattern=r"^https?://", description="Where `/chat/completions` is found.")
    api_key_env: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key (default: FACTORY_TEACHER_API_KEY, then HF_TOKEN).",
    )
    price: Price | None = Field(None, description="Needed for a budget in dollars.")
    concurrency: int = Field(8, ge=1, le=512, description="Calls in flight at once.")
    temperature: float = Field(0.0, ge=0, le=2, description="For labels; texts are written at 1.0.")
    max_tokens: int = Field(256, ge=8, description="Upper bound of tokens in a label's answer.")
    timeout_seconds: float = Field(60, gt=0, description="Deadline of one whole call.")
    max_attempts: int = Field(
        6, ge=1, le=20, description="Attempts at one call, 429s aside, before its text stays unanswered."
    )


class LocalTeacher(Section):
    """A transformers language model on this machine, read by the log-probabilities of the label words."""

    local: str = Field(min_length=1, description="A Hub id or a folder (`./model`).")
    revision: str = Field("main", description="Branch, tag or commit of the Hub id.")
    calibrate: bool = Field(True, description="Divide out the label prior of the whole set (batch calibration).")
    batch_size: int = Field(8, ge=1, description="Texts in one forward pass.")


class RecordedTeacher(Section):
    """Answers that were paid for earlier, in files."""

    recorded: str = Field(min_length=1, description="Folder with labels.jsonl and, for generation, texts.jsonl.")
    model: str = Field("recorded", min_length=1, description="Who gave the answers, as the cards shall name it.")


def _kind_of_teacher(value: object) -> str | None:
    keys = value if isinstance(value, dict) else value.model_dump() if isinstance(value, Section) else ()
    return next((key for key in ("recorded", "local", "model") if key in keys), None)


TeacherSettings = Annotated[
    Annotated[HttpTeacher, Tag("model")]
    | Annotated[LocalTeacher, Tag("local")]
    | Annotated[RecordedTeacher, Tag("recorded")],
    Discriminator(_kind_of_teacher),
]


class Budget(Section):
    """What the teacher may cost over the life of the recipe; none may be exceeded."""

    dollars: float | None = Field(None, ge=0, description="Needs `teacher.price`.")
    calls: int | None = Field(None, ge=0, description="Calls that are sent.")
    tokens: int | None = Field(None, ge=0, description="Input and output tokens together.")


class SeedText(Section):
    """One text by the user with its label, shown to the teacher as an example."""

    text: str = Field(min_length=1)
    label: str = Field(min_length=1)


class Generate(Section):
    """Texts that the teacher writes, a label asked for each."""

    rows: int = Field(ge=1, description="Texts to ask for, shared evenly among the labels.")
    rows_per_call: int = Field(5, ge=1, le=50, description="Texts in one answer.")
    attributes: dict[str, list[str]] = Field({}, description="A grid of circumstances; each call gets one cell.")
    examples: list[SeedText] = Field([], description="Texts of yours that show the style.")
    seed: int = Field(0, description="Order in which cells of the grid are drawn.")


class Rows(Section):
    """Rows in a file beside the recipe, or in a dataset on the Hub."""

    file: str | None = Field(None, description="CSV, JSONL or Parquet, relative to the recipe.")
    dataset: str | None = Field(None, description="Dataset id on the Hub.")
    split: str = Field("train", description="Split of the dataset.")
    revision: str = Field("main", description="Branch, tag or commit of the dataset.")
    text: str = Field("text", description="Name of the text column.")
    text_pair: str = Field("text_pair", description="Name of the column of the second text, for pairs.")

    @model_validator(mode="after")
    def _one_place(self) -> Rows:
        if (self.file is None) == (self.dataset is None):
            raise ValueError("needs either `file` or `dataset`")
        return self


class Texts(Rows):
    """The user's own unlabelled texts."""

    license: str | None = Field(None, description="Licence of the texts, named on the dataset card.")
    attribution: str | None = Field(None, description="Whom to credit, as the licence asks.")


class Gold(Texts):
    """Rows whose labels are trusted: never trained on, the only ground for a claim of accuracy."""

    split: str = Field("test", description="Split of the dataset.")
    label: str = Field("label", description="Name of the label column; it holds lists if the task is multi-label.")
    labelled_by: str = Field(min_length=1, description="Who labelled it, e.g. `humans`; printed on every card.")


class Filter(Section):
    """Which rows are fit to train on."""

    min_words: int = Field(3, ge=0, description="Shorter texts are removed.")
    max_words: int = Field(400, ge=1, description="Longer texts are removed.")
    disagreements: Literal["drop", "keep"] = Field(
        "drop", description="Generated texts whose blind label is not the label asked for."
    )
    gold_ngram: int = Field(13, ge=3, description="Words in a row shared with a gold text that remove a row.")


class Split(Section):
    """How kept rows are shared out; by content, so that adding rows moves few."""

    validation: float = Field(0.15, gt=0, lt=0.5, description="Share that chooses the best epoch.")
    held_out: float = Field(0.15, gt=0, lt=0.5, description="Share that measures agreement with the teacher.")
    seed: int = Field(0, description="Another number, another shuffle.")


class Require(Section):
    """What a student must reach, else nothing is published; between 0 and 1."""

    macro_f1: float | None = Field(None, ge=0, le=1, description="On gold.")
    accuracy: float | None = Field(None, ge=0, le=1, description="On gold.")
    agreement: float | None = Field(None, ge=0, le=1, description="With the teacher, on held-out rows.")


class Publish(Section):
    """Where the release goes."""

    namespace: str | None = Field(None, description="User or organisation (default: the token's user).")
    private: bool = Field(False, description="Only you can see it.")
    require: Require = Field(Require(), description="The gate before publication.")


class Recipe(Section):
    """The whole file."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="Name of the repositories.")
    title: str = Field(min_length=1, max_length=80, description="One line for people.")
    license: str = Field(min_length=1, description="Licence of what is published, as a Hub identifier.")
    language: str = Field(pattern=r"^[a-z]{2,3}$", description="ISO 639 code of the texts.")
    task: Task
    teacher: TeacherSettings
    budget: Budget = Budget()
    generate: Generate | None = None
    texts: Texts | None = None
    gold: Gold | None = None
    filter: Filter = Filter()
    split: Split = Split()
    students: list[StudentSettings] = []
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
    def path(self) -> Path:
        """The file that the recipe was read from."""
        return self._path

    def find(self, name: str) -> Path:
        """Return the place of `name`, a path of the recipe, which is relative to the recipe's folder."""
        return self._path.parent / name
