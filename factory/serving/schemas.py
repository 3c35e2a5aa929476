"""What a request may hold and what an answer is; the limits are in the types, and so in /openapi.json."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PositiveInt, Tag, model_validator

MAX_TEXTS = 256
MAX_CHARACTERS = 20_000
TEXT, PAIR = "(text)", "(pair)"

Text = Annotated[str, Field(max_length=MAX_CHARACTERS)]


class Pair(BaseModel):
    """Two texts that are read together."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    text_pair: Text


def _tag(value: Any) -> str:
    return PAIR if isinstance(value, dict | Pair) else TEXT


Item = Annotated[Annotated[Text, Tag(TEXT)] | Annotated[Pair, Tag(PAIR)], Discriminator(_tag)]


class Question(BaseModel):
    """One `text` or several `texts`; each is a string or, for a model that reads pairs, `{"text", "text_pair"}`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"texts": ["A first text.", "A second."]}]}
    )

    text: Item | None = None
    texts: list[Item] | None = Field(default=None, max_length=MAX_TEXTS)
    model: str | None = Field(default=None, description="Which of several modules answers (default: the first).")
    top_k: PositiveInt | Literal["all"] | None = Field(
        default=None, description="Give so many labels of each text, or all of them, the most likely first."
    )

    @model_validator(mode="after")
    def _check_one_is_given(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError("give either text or texts")
        return self

    def items(self) -> list[str | tuple[str, str]]:
        """Return the texts as `factory.load`'s object takes them: a string each, or a tuple of two."""
        given = self.texts if self.texts is not None else [self.text]
        return [(item.text, item.text_pair) if isinstance(item, Pair) else str(item) for item in given]


class Answer(BaseModel):
    """A label and its probability."""

    label: str
    score: float


class Fault(BaseModel):
    """Why a request was refused, in one sentence."""

    error: str


class Health(BaseModel):
    """Which model answers; `revision` is what was asked for and `commit` what that was, null for a folder."""

    status: Literal["ready"] = "ready"
    model: str
    revision: str | None
    commit: str | None
    labels: list[str]
