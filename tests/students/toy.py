"""Reviews of a few words that two layers learn in seconds, and the stage that learns them."""

import random
from pathlib import Path

from factory.data.examples import Example, write_examples
from factory.recipe import Student, Task
from factory.store import Artifact
from factory.students.training import train_student
from tests.tiny import tiny_base

GOOD, BAD = ("wonderful", "great", "nice", "lovely", "best"), ("awful", "terrible", "bad", "broken", "poor")
THINGS = ("pizza", "movie", "soup", "book", "phone", "dog", "house", "game")
TASK = Task(text="A review", question="Does it like the thing?", labels={"yes": "likes it", "no": "does not"})
STUDENT = Student(name="toy", base_model="acme/tiny", lr=3e-3, epochs=8, max_length=32)


def toy_rows() -> list[Example]:
    """Eighty rows in an order that means nothing."""
    answers = [("yes", GOOD), ("no", BAD)]
    rows = [
        Example(f"the {thing} was {word}", label) for thing in THINGS for label, words in answers for word in words
    ]
    random.Random(0).shuffle(rows)
    return rows


def write_toy(folder: Path) -> tuple[Artifact, Artifact]:
    """Return the splits and the base model, written below `folder`."""
    rows = toy_rows()
    (folder / "splits").mkdir(parents=True)
    for part, chosen in {"train": rows[:50], "validation": rows[50:65], "held_out": rows[65:]}.items():
        write_examples(folder / "splits" / f"{part}.jsonl", chosen)
    return Artifact(folder / "splits", "splits"), Artifact(tiny_base(folder / "base"), "base")


def train_toy(folder: Path, out: Path, student: Student = STUDENT) -> Artifact:
    """Train on what `write_toy` wrote to `folder`."""
    out.mkdir(parents=True, exist_ok=True)
    splits, base = Artifact(folder / "splits", "splits"), Artifact(folder / "base", "base")
    train_student(splits, base, TASK, student, out=out)
    return Artifact(out, "trained")
