"""One SQLite file that knows every call ever made: the question, the raw answer, tokens, dollars.

It is the memory that keeps an answer from being paid for twice, and the book in which a budget is kept. A call is
booked at its upper bound before it is sent and settled when the answer arrives, both committed at once: after a crash
a call in flight stays booked, so what is spent is never understated. WAL with synchronous=NORMAL survives the end of
the process at any moment (a power cut may lose the last commits, and corrupts nothing).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from factory.errors import StoreError
from factory.teacher.ledger_sql import (
    BOOK,
    BY_RECIPE,
    FIND,
    KEPT,
    SCHEMA,
    SCHEMA_VERSION,
    SETTLE,
    SPENT,
    SPENT_ON,
    SUMS,
    UNTOLD,
)
from factory.teacher.turns import Turns, open_turns

KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class Cost:
    """What calls cost: their number, tokens in and out, dollars."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.dollars + other.dollars,
        )

    def __sub__(self, other: Cost) -> Cost:
        return self + Cost(-other.calls, -other.input_tokens, -other.output_tokens, -other.dollars)

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Question:
    """What identifies a row: the key of its request, who asks whom, and about what (the id of a text, or None)."""

    key: str
    recipe: str
    kind: str  # label | write
    subject: str | None
    model: str


@dataclass(frozen=True)
class Result:
    """What came of a call: an outcome, the raw reply, who gave it, how long it took.

    The outcome is one of `ledger_sql.COMPLETE` or the reason of a failure. `estimated` says that the server did not
    tell the tokens, which therefore stay at their upper bound.
    """

    outcome: str
    reply: str | None = None
    answered_by: str | None = None
    estimated: bool = False
    seconds: float = 0.0


class Ledger:
    """The open file; several processes may share it. Raises StoreError when it cannot be written or read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # isolation_level None: transactions are the ones written here; one thread at a time uses it
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
            self._prepare()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def turns(self) -> Turns:
        """Who of those who share the file asks what."""
        with self._explained():
            return open_turns(self.path.absolute().with_name(f"{self.path.name}-turns"))

    def find(self, keys: Sequence[str], but: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield the key and the raw reply of those of `keys` that were answered before, not counting recipe `but`."""
        return self._select(FIND, keys, but)

    def spent(self, recipe: str) -> Cost:
        """Return what the recipe has spent since it began, calls in flight at their upper bound."""
        with self._explained():
            return _as_cost(self._db.execute(f"SELECT {SPENT} FROM calls WHERE recipe = ?", (recipe,)).fetchone())

    def spent_on(self, recipe: str, keys: Sequence[str]) -> Cost:
        """Return what of that went to the questions with these keys."""
        return sum((_as_cost(row) for row in self._select(SPENT_ON, keys, recipe)), Cost())

    def untold(self, recipe: str | None) -> list[tuple[str, str, int]]:
        """Return request, reply and tokens booked of the answers whose tokens a server did not tell."""
        with self._explained():
            return self._db.execute(UNTOLD, {"recipe": recipe}).fetchall()

    def has(self, question: Question, reply: str) -> bool:
        """Return whether this very reply is kept already."""
        statement = "SELECT 1 FROM calls WHERE key = ? AND recipe = ? AND reply = ?"
        with self._explained():
            return bool(self._db.execute(statement, (question.key, question.recipe, reply)).fetchone())

    def kept(self, recipe: str) -> int:
        """Return how many answers the recipe has paid for and can have again."""
        with self._explained():
            (count,) = self._db.execute(KEPT, (recipe,)).fetchone()
        return int(count)

    def version(self) -> int:
        """Return a number that differs once another process has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def book(self, question: Question, request: str, bound: Cost, is_allowed: Callable[[], bool]) -> bool:
        """Write down a request that is about to be sent, at its upper bound, unless `is_allowed()` says no.

        The question is put while nobody else can write, so that processes cannot overspend together.
        """
        with self._explained(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if not is_allowed():
                return False
            self._db.execute(BOOK, {**vars(question), **vars(bound), "request": request, "when": _now()})
            return True

    def settle(self, question: Question, change: Cost, result: Result) -> None:
        """Correct a booked call by `change` and keep what came of it."""
        with self._explained():
            self._db.execute(SETTLE, {**vars(question), **vars(result), **vars(change), "when": _now()})

    def count_served(self, recipe: str, answers: int) -> None:
        """Add to the answers that cost nothing because they were here already."""
        statement = "INSERT INTO served VALUES (?, ?) ON CONFLICT DO UPDATE SET answers = answers + excluded.answers"
        with self._explained():
            self._db.execute(statement, (recipe, answers))

    def summarise(self, recipe: str | None) -> dict[str, Any]:
        """Return the sums of one recipe, or of all."""
        where = "WHERE recipe = :recipe" if recipe is not None else ""
        given = {"recipe": recipe}
        with self._explained():
            total = self._db.execute(f"SELECT {SUMS} FROM calls {where}", given).fetchone()
            by_model = self._db.execute(f"SELECT model, {SUMS} FROM calls {where} GROUP BY model", given).fetchall()
            by_recipe = self._db.execute(BY_RECIPE.format(where), given).fetchall()
            (cached,) = self._db.execute(f"SELECT sum(answers) FROM served {where}", given).fetchone()
        return {
            **_name_sums(total),
            "cached": cached or 0,
            "by_model": {model: _name_sums(sums) for model, *sums in by_model},
            "by_recipe": {
                name: {model: _name_sums(sums) for _, model, *sums in rows}
                for name, rows in groupby(by_recipe, key=lambda row: row[0])
            },
        }

    def replies(self, subject: str) -> list[dict[str, Any]]:
        """Return the rows about one text, by its id; what a trace from a data set to the raw reply reads."""
        with self._explained():
            found = self._db.execute("SELECT * FROM calls WHERE subject = ?", (subject,))
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    def _select(self, statement: str, keys: Sequence[str], recipe: str | None) -> Iterator[Any]:
        with self._explained():
            for start in range(0, len(keys), KEYS_AT_ONCE):
                some = keys[start : start + KEYS_AT_ONCE]
                yield from self._db.execute(statement.format(", ".join("?" * len(some))), [*some, recipe])

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found > SCHEMA_VERSION:
            raise StoreError(f"{self.path}: written by a newer version of this program; update it, or move the file")
        if found < SCHEMA_VERSION:
            self._db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as fault:
            remedy = "free some space, or set FACTORY_HOME to a folder that can be written"
            raise StoreError(f"{self.path}: the ledger cannot be used ({fault}); {remedy}") from fault


def summarise(path: Path, recipe: str | None = None) -> dict[str, Any]:
    """Return calls, cached, retries, estimated, tokens and dollars, of one recipe or all, and by_model and by_recipe.

    `estimated` counts the questions of which a server did not tell the tokens; those stand at their upper bound.
    """
    if not path.exists():
        return {**_name_sums((None,) * 6), "cached": 0, "by_model": {}, "by_recipe": {}}
    with closing(Ledger(path)) as ledger:
        return ledger.summarise(recipe)


def _as_cost(row: Any) -> Cost:
    return Cost(*(value or 0 for value in row))


def _name_sums(sums: Any) -> dict[str, Any]:
    calls, retries, estimated, input_tokens, output_tokens, dollars = (value or 0 for value in sums)
    tokens = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    return {"calls": calls, "retries": retries, "estimated": estimated, **tokens, "dollars": round(dollars, 9)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
