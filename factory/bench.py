"""What the stages of a recipe are made on: the store, the teachers, and where base models and rows come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from factory.data.audit import audit_labels
from factory.data.committee import take_votes
from factory.data.development import part_gold
from factory.data.embedding_duplicates import drop_rewordings
from factory.data.filtering import filter_examples
from factory.data.gold import read_gold
from factory.data.labelling import label_texts
from factory.data.splitting import split_examples
from factory.hub.fetch import Fetcher, fetch_base_model, fetch_rows
from factory.recipe import Recipe, Rows
from factory.recipe_students import Head, find_reader
from factory.spending import find_ledger
from factory.store import Artifact, Store
from factory.students.compression import export_onnx, quantize_onnx
from factory.teacher import Teacher
from factory.teacher.opening import open_teacher


@dataclass(frozen=True)
class Trusted:
    """Gold: the user's own file, all its rows, those that are reported on, and those that are set aside."""

    file: Artifact
    rows: Artifact
    reported: Artifact
    development: Artifact | None


@dataclass(frozen=True)
class Bench:
    """A recipe with what its stages are made on: the store, and where base models and rows are fetched from."""

    recipe: Recipe
    store: Store
    source: Fetcher

    @cached_property
    def teachers(self) -> list[Teacher]:
        """The recipe's teachers; nobody is asked yet."""
        return [
            open_teacher(
                settings,
                recipe=self.recipe.name,
                budget=self.recipe.budget,
                ledger=find_ledger(),
                folder=self.recipe.path.parent,
                base=lambda name, revision: self.find_base(name, revision).path,
            )
            for settings in self.recipe.all_teachers
        ]

    def label(self, texts: Artifact) -> Artifact:
        """Return the rows of `texts` with the teacher's labels, or those that most of several teachers give."""
        votes = [self.store(label_texts, texts, self.recipe.task, teacher) for teacher in self.teachers]
        return votes[0] if len(votes) == 1 else self.store(take_votes, votes, self.recipe.task)

    def share_out(self, labelled: list[Artifact], gold: Artifact | None) -> tuple[Artifact, Artifact]:
        """Return the rows that every filter of the recipe keeps, and the same shared out to learn and to measure."""
        recipe = self.recipe
        kept = self.store(filter_examples, labelled, gold, recipe.filter, recipe.language)
        if (similarity := recipe.filter.embedding_similarity) is not None:
            kept = self.store(drop_rewordings, kept, gold, *self.find_reader(), recipe.task, similarity)
        return kept, self.store(split_examples, kept, recipe.split, recipe.task.names)

    def audit(self, kept: Artifact) -> Artifact | None:
        """Search labels for mistakes, reading texts as the first student with a base model does, if any is to."""
        if not self.recipe.audit:
            return None
        return self.store(audit_labels, kept, *self.find_reader(), self.recipe.task, self.recipe.audit)

    def find_reader(self) -> tuple[Artifact | None, Head | None]:
        """Return the base model of the first student that has one, and how a cheap student reads with it."""
        reader = find_reader(self.recipe.students)
        return (self.find_base(reader.base_model, reader.revision), reader) if reader else (None, None)

    def read_gold(self) -> Trusted | None:
        """Return the rows whose labels are trusted; with `improve`, a share of them is set aside for development."""
        recipe, store = self.recipe, self.store
        if recipe.gold is None:
            return None
        file = self.find_rows(recipe.gold)
        rows = store(read_gold, file, recipe.gold, recipe.task.kind, recipe.task.names)
        if recipe.improve is None:
            return Trusted(file, rows, rows, None)
        share = recipe.improve.development
        reported, development = (store(part_gold, rows, share, part) for part in ("reported", "development"))
        return Trusted(file, rows, reported, development)

    def find_rows(self, rows: Rows) -> Artifact:
        """Return the user's file, or the rows of a dataset on a Hub."""
        if rows.file:
            return self.store.source(self.recipe.find(rows.file))
        return self.store(fetch_rows, rows.dataset, rows.revision, rows.split, self.source)

    def find_base(self, name: str, revision: str) -> Artifact:
        """Return a base model from a folder (a name that begins with a dot, slash or tilde) or from a Hub."""
        if name.startswith((".", "/", "~")):
            return self.store.source(self.recipe.find(str(Path(name).expanduser())))
        return self.store(fetch_base_model, name, revision, self.source)

    def compress(self, trained: Artifact) -> dict[str, Artifact]:
        """Return the light files that the recipe asks for, by format."""
        if not self.recipe.compress:
            return {}
        onnx = self.store(export_onnx, trained)
        makers = {"onnx": lambda: onnx, "onnx-int8": lambda: self.store(quantize_onnx, onnx)}
        return {form: makers[form]() for form in self.recipe.compress}
