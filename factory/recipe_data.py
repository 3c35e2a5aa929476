"""The sections of a recipe that say where rows come from, which of them are kept, and what each is for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from factory.recipe_section import Section, later

Temperature = Annotated[float, Field(ge=0, le=2)]


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
    seed: int = Field(0, description="Order in which cells of the grid and personas are drawn.")
    personas: list[Annotated[str, Field(min_length=1)]] = later(
        [],
        description="Who may be writing, e.g. 'a retired farmer'; each call gets one, and all come before one again.",
    )
    language: str | None = later(
        None, min_length=1, description="Language or locale to write in, e.g. 'German as in Austria'."
    )
    borderline: float = later(
        0.0, ge=0, le=1, description="Share of calls for texts that are easily taken for another label."
    )
    between: list[tuple[str, str | None]] = later(
        [],
        description="Pairs of a label and the one it is easily taken for (or null): each call is for one of them in "
        "turn, in place of an even share of every label.",
    )
    unlike: list[Annotated[str, Field(min_length=1)]] = later([], description="Texts that show what you do not want.")
    temperature: Temperature | tuple[Temperature, Temperature] = later(
        1.0, description="Of the calls, or of the first and the last call of a label with even steps between."
    )
    min_new: float = later(
        0.0, ge=0, le=1, description="Share of new texts in a wave of calls below which a label gets no more."
    )


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
    near_duplicate: float = later(
        0.8,
        ge=0.5,
        le=1,
        description="Share of word triples in common from which on a text repeats one of the same label, or of gold.",
    )
    embedding_similarity: float | None = later(
        None,
        ge=0.5,
        le=1,
        description="Cosine, to the base model of the first student that has one, from which on a text repeats one of "
        "the same label, or of gold; e.g. 0.95. Without it no model reads the texts.",
    )
    faults: Literal["drop", "keep"] = later(
        "drop",
        description="Generated texts that name their label, refuse, talk about themselves or are in another language.",
    )
    personal_data: Literal["mask", "drop", "keep"] = later(
        "mask",
        description="E-mail addresses, phone, account and card numbers, keys to services; keys are never published.",
    )


class Split(Section):
    """How kept rows are shared out; by content, so that adding rows moves few."""

    validation: float = Field(0.15, gt=0, lt=0.5, description="Share that chooses the best epoch.")
    held_out: float = Field(0.15, gt=0, lt=0.5, description="Share that measures agreement with the teacher.")
    seed: int = Field(0, description="Another number, another shuffle.")


class Audit(Section):
    """How the labels are searched for mistakes before anything learns them."""

    drop: Literal["none", "suspicious"] = Field(
        "none", description="suspicious: labels that contradict the others train nothing."
    )
    folds: int = Field(5, ge=2, le=20, description="Shares of the rows, each labelled by students of the others.")


class Improve(Section):
    """Rounds that spend where a first, cheap student errs or is unsure, in place of spending everything at once."""

    rounds: int = Field(
        ge=1, le=20, description="At most; a round whose gain could be chance (95 % interval) is the last."
    )
    rows: int = Field(
        100,
        ge=1,
        description="Texts of one round: those of your `texts` that the student is least sure of or, without `texts`, "
        "written ones between the labels that it confuses.",
    )
    start: int = Field(
        200, ge=1, description="How many of `texts`, drawn at random, are labelled before the first round."
    )
    development: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="Share of gold that says where the student errs; no score but that of the rounds uses it. Without "
        "gold, rows labelled at the start say where student and teacher disagree.",
    )
    min_gain: float | None = Field(
        None, gt=0, description="Points that a dollar must bring; a round that brings less is the last."
    )
    control: bool = Field(
        False,
        description="Ask about as many random texts beside each round, to tell aiming from merely having more rows: "
        "it costs as much again, and these rows are learnt from too once the rounds have ended.",
    )
