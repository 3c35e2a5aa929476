"""The sections of a recipe that say who teaches, and what it may cost."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from factory.recipe_section import Section

ROUTER = "https://router.huggingface.co/v1"


class Price(Section):
    """What the provider charges, in dollars per million tokens."""

    input: float = Field(ge=0, description="Dollars per million input tokens.")
    output: float = Field(ge=0, description="Dollars per million output tokens.")
    date: datetime.date | None = Field(None, description="The day on which the provider asked for it (YYYY-MM-DD).")
    batch: float = Field(0.5, ge=0, le=1, description="Share of it that answers out of a batch file cost.")

    def in_batches(self) -> Price:
        """Return the price of what is asked by way of a batch file."""
        return self.model_copy(update={"input": self.input * self.batch, "output": self.output * self.batch})


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
    concurrency: int = Field(8, ge=1, le=512, description="Calls in flight at once, at most.")
    temperature: float | None = Field(
        None, ge=0, le=2, description="For labels (default: 0, or 0.7 with `samples`); texts are written at 1.0."
    )
    max_tokens: int | None = Field(
        None, ge=8, description="Upper bound of tokens in a label's answer (default: 256, or 1024 with `reason`)."
    )
    samples: int = Field(
        1, ge=1, le=32, description="Answers to each text, of which most give its label; a tie leaves it without one."
    )
    logprobs: bool = Field(
        False, description="Ask for the probability of each label; what goes to other words is missing in their sum."
    )
    reason: bool = Field(False, description="Let it give a reason before the label; reasons stay in the ledger.")
    timeout_seconds: float = Field(60, gt=0, description="Deadline of one whole call.")
    max_attempts: int = Field(
        6, ge=1, le=20, description="Attempts at one call, 429s aside, before its text stays unanswered."
    )

    @property
    def label_temperature(self) -> float:
        """The temperature of calls for a label: equal samples would say nothing."""
        if self.temperature is not None:
            return self.temperature
        return 0.7 if self.samples > 1 else 0.0

    @property
    def label_max_tokens(self) -> int:
        """The upper bound of tokens in an answer with a label."""
        return self.max_tokens or (1024 if self.reason else 256)


class LocalTeacher(Section):
    """A transformers language model on this machine, read by the log-probabilities of the label words."""

    local: str = Field(min_length=1, description="A Hub id or a folder (`./model`).")
    revision: str = Field("main", description="Branch, tag or commit of the Hub id.")
    calibrate: bool = Field(True, description="Divide out the label prior of the whole set (batch calibration).")
    batch_size: int = Field(8, ge=1, description="Texts in one forward pass.")
    prompt: str | None = Field(None, description="File with a prompt of your own, relative to the recipe.")
    input: str = Field("{text}\nLabel:", pattern=r"\{text\}", description="What follows your prompt for each text.")
    verbalizers: dict[str, str] = Field({}, description="What follows that for each label (default: a blank and it).")
    max_length: int = Field(128, ge=8, description="Tokens of a text after your prompt; the rest is cut off.")


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


class TeacherGate(Section):
    """What the teacher must reach on gold (a server: on up to 200 rows), else it is asked no more; between 0 and 1."""

    macro_f1: float | None = Field(None, ge=0, le=1, description="On these rows.")
    accuracy: float | None = Field(None, ge=0, le=1, description="On these rows; of label sets, exact matches.")


class Budget(Section):
    """What the teacher may cost over the life of the recipe; none may be exceeded."""

    dollars: float | None = Field(None, ge=0, description="Needs `teacher.price`.")
    calls: int | None = Field(None, ge=0, description="Calls that are sent.")
    tokens: int | None = Field(None, ge=0, description="Input and output tokens together.")
    when_spent: Literal["stop", "continue"] = Field(
        "stop", description="continue: go on with the rows that were answered; the others are removed, and counted."
    )

    @property
    def caps(self) -> dict[str, float | None]:
        """The most that may be spent of each unit; None where there is no bound."""
        return {"calls": self.calls, "tokens": self.tokens, "dollars": self.dollars}
