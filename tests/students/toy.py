"""Reviews of a few words that two layers learn in seconds, and the stage that learns them."""

import random
from itertools import combinations
from pathlib import Path

from factory.data.examples import Example, write_examples
from factory.recipe import Task
from factory.recipe_students import AnyStudent, Full
from factory.store import Artifact
from factory.students.training import Material, search_student, train_student
from tests.tiny import tiny_base

GOOD, BAD = ("wonderful", "great", "nice", "lovely", "best"), ("awful", "terrible", "bad", "broken", "poor")
THINGS = ("pizza", "movie", "soup", "book", "phone", "dog", "house", "game")
UNLABELLED = [Example(f"a {word} {thing}") for thing in THINGS for word in GOOD + BAD]
TASK = Task(text="A review", question="Does it like the thing?", labels={"yes": "likes it", "no": "does not"})
STUDENT = Full(name="toy", base_model="acme/tiny", lr=3e-3, epochs=8, max_length=32, head_first=False)


def toy_rows() -> list[Example]:
    """Eighty rows in an order that means nothing."""
    answers = [("yes", GOOD), ("no", BAD)]
    rows = [
        Example(f"the {thing} was {word}", label) for thing in THINGS for label, words in answers for word in words
    ]
    random.Random(0).shuffle(rows)
    return rows


def long_reviews() -> list[Example]:
    """A hundred and sixty rows of two words each that tell their label."""
    pairs = [(label, pair) for label, words in (("yes", GOOD), ("no", BAD)) for pair in combinations(sorted(words), 2)]
    return [
        Example(f"the {thing} was {first} and {second}", label) for thing in THINGS for label, (first, second) in pairs
    ]


def write_toy(folder: Path) -> tuple[Artifact, Artifact]:
    """Return the splits and the base model, written below `folder`."""
    rows = toy_rows()
    (folder / "splits").mkdir(parents=True)
    for part, chosen in {"train": rows[:50], "validation": rows[50:65], "held_out": rows[65:]}.items():
        write_examples(folder / "splits" / f"{part}.jsonl", chosen)
    return Artifact(folder / "splits", "splits"), Artifact(tiny_base(folder / "base"), "base")


def toy_material(folder: Path, task: Task = TASK, splits: Path | None = None) -> Material:
    """What a student is made from, as `write_toy` wrote it."""
    rows, base = Artifact(splits or folder / "splits", "splits"), Artifact(folder / "base", "base")
    return Material(splits=rows, base=base, larger=None, unlabelled=None, task=task)


def train_toy(folder: Path, out: Path, student: AnyStudent = STUDENT) -> Artifact:
    """Search and train on what `write_toy` wrote to `folder`; the search is in `out`-search."""
    searched = out.with_name(f"{out.name}-search")
    for place in (searched, out):
        place.mkdir(parents=True, exist_ok=True)
    material = toy_material(folder)
    search_student(material, student, out=searched)
    train_student(material, [student], [Artifact(searched, "searched")], out=out)
    return Artifact(out, "trained")
