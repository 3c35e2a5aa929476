"""The rounds in order: ask the teacher where a cheap student errs or is unsure, learn, weigh the gain, go on or stop.

Every step is a stage, so that a run that is killed goes on where it was and no answer is paid for twice. In a plan
nothing is made: what has not been asked yet is taken to be asked, which makes the rounds an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factory.data.examples import read_examples
from factory.data.generation import generate_texts
from factory.errors import BudgetError
from factory.improving import gains
from factory.improving.costs import Asked, find_cost
from factory.improving.gains import Step, describe_rounds, find_pairs, gain_per_dollar, weigh_gain
from factory.improving.pool import choose_texts, draw_texts, select_pool
from factory.improving.proxy import Reader, ask_proxy
from factory.recipe import Generate, Improve
from factory.store import Artifact

if TYPE_CHECKING:
    from factory.bench import Bench, Trusted


@dataclass(frozen=True)
class Rows:
    """What there is to learn from, and what the cheap student says once it has learned it."""

    labelled: list[Artifact]
    kept: Artifact
    splits: Artifact
    said: Artifact


@dataclass
class Way:
    """One way of asking, aimed or at random, and where it has led."""

    rows: Rows
    asked: list[Asked] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Improved:
    """All rows that were labelled, the report of the rounds, and what each of them asked, aimed and at random."""

    labelled: list[Artifact]
    report: Artifact
    aimed: list[Asked]
    control: list[Asked]


def improve_rows(
    bench: Bench, improve: Improve, texts: Artifact | None, labelled: list[Artifact], trusted: Trusted | None
) -> Improved:
    """Run the rounds of a recipe on what was `labelled` at first; `texts` are all of the user's own.

    Raises as teachers do; where the recipe goes on when the budget is spent, that ends the rounds instead.
    """
    rounds = Rounds(bench, improve, texts, labelled, trusted)
    stopped = rounds.run()
    aimed, control = rounds.aimed, rounds.control
    told = (aimed.steps, control.steps, rounds.reader, rounds.development is not None, stopped)
    report = bench.store(describe_rounds, rounds.first.kept, rounds.first.said, *told)
    labelled = [*labelled, *(one.labelled for one in (*aimed.asked, *control.asked))]
    return Improved(labelled, report, aimed.asked, control.asked)


class Rounds:
    """The rounds of one recipe."""

    def __init__(
        self, bench: Bench, improve: Improve, texts: Artifact | None, labelled: list[Artifact], trusted: Trusted | None
    ) -> None:
        self._bench, self._improve = bench, improve
        self._gold = trusted.rows if trusted else None
        self.development = trusted.development if trusted else None
        self._pool: Artifact | None = None
        if texts:
            recipe = bench.recipe
            self._pool = bench.store(select_pool, texts, improve.start, self._gold, recipe.filter, recipe.language)
        base, settings = bench.find_reader()
        self.reader = Reader(base=base, settings=settings)
        self.first = self._learn(labelled, None)
        self.aimed, self.control = Way(self.first), Way(self.first)

    def run(self) -> str:
        """Go from round to round and return why there is no other."""
        for number in range(1, self._improve.rounds + 1):
            try:
                stopped = self._go(number)
            except BudgetError:
                if self._bench.recipe.budget.when_spent == "stop":
                    raise
                stopped = gains.SPENT
            if stopped:
                return stopped
        return gains.ALL_DONE

    def _go(self, number: int) -> str | None:
        """Ask where the student errs or is unsure, and beside it at random; return why it is the last round, if so."""
        asked = self._ask_for_labels() if self._pool else self._ask_for_texts(number)
        if isinstance(asked, str):
            return asked
        before = self.aimed.rows.said
        self._take(self.aimed, asked)
        if self._improve.control:
            self._take(self.control, self._ask_at_random(number))
        return self._find_end(before, self.aimed.steps[-1])

    def _ask_for_labels(self) -> Asked | str:
        taken = [one.texts for one in self.aimed.asked]
        texts = self._bench.store(choose_texts, self._pool, self.aimed.rows.said, taken, self._improve.rows)
        path = texts.path / "texts.jsonl"
        return gains.NO_TEXTS if path.exists() and not read_examples(path) else self._ask(texts)

    def _ask_for_texts(self, number: int) -> Asked | str:
        generate, said = self._generate, self.aimed.rows.said
        pairs: list[gains.Pair] = [(self._bench.recipe.task.names[0], self._bench.recipe.task.names[1])]
        if said.path.exists():
            pairs = find_pairs(said, -(-self._improve.rows // generate.rows_per_call))
        if not pairs:
            return gains.NO_MISTAKES
        further = {"rows": self._improve.rows, "seed": generate.seed + number, "between": pairs}
        return self._write(generate.model_copy(update=further))

    def _ask_at_random(self, number: int) -> Asked:
        if self._pool:
            rows = self._improve.rows
            return self._ask(self._bench.store(draw_texts, self._pool, (number - 1) * rows, rows))
        seed = self._generate.seed + self._improve.rounds + number
        return self._write(self._generate.model_copy(update={"rows": self._improve.rows, "seed": seed}))

    @property
    def _generate(self) -> Generate:
        return self._bench.recipe.generate or Generate(rows=self._improve.rows)

    def _write(self, generate: Generate) -> Asked:
        texts = self._bench.store(generate_texts, self._bench.recipe.task, generate, self._bench.teachers[0])
        return self._ask(texts, generate)

    def _ask(self, texts: Artifact, generate: Generate | None = None) -> Asked:
        return Asked(texts, generate, self._bench.label(texts))

    def _take(self, way: Way, asked: Asked) -> None:
        """Learn from what was asked, and note what it cost."""
        way.asked.append(asked)
        way.rows = self._learn([*way.rows.labelled, asked.labelled], self.first.splits)
        calls, dollars = find_cost(self._bench.recipe, asked)
        rows = way.rows
        way.steps.append(Step(texts=asked.texts, kept=rows.kept, said=rows.said, calls=calls, dollars=dollars))

    def _learn(self, labelled: list[Artifact], first: Artifact | None) -> Rows:
        kept, splits = self._bench.share_out(labelled, self._gold)
        read_with = (self.development, self._pool, self.reader, self._bench.recipe.task)
        said = self._bench.store(ask_proxy, splits, first or splits, *read_with)
        return Rows(labelled, kept, splits, said)

    def _find_end(self, before: Artifact, after: Step) -> str | None:
        """Return why the last round should be the last; None in a plan, where nothing is known of it."""
        if any(way.asked and way.asked[-1].is_cut_short for way in (self.aimed, self.control)):
            return gains.SPENT
        if not after["said"].path.exists():
            return None
        gain = weigh_gain(before, after["said"])
        if gain["low"] <= 0:
            return gains.CHANCE
        brought, least = gain_per_dollar(gain, after["dollars"]), self._improve.min_gain
        return gains.TOO_DEAR if least is not None and brought is not None and brought < least else None
