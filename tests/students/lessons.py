"""Lessons of every kind of task for the methods that need no gradient."""

import random
from pathlib import Path

from factory.data.examples import Example
from factory.recipe import Task
from factory.students.lesson import Lesson
from tests.students.toy import BAD, GOOD, TASK, THINGS, toy_rows

TOPICS = Task(text="A review", question="What is it?", labels={"food": "f", "praise": "p"}, kind="multi-label")
SAME = Task(
    text="A review",
    text_pair="Another review",
    question="Do both say the same?",
    labels={"same": "s", "other": "o"},
    kind="pair",
)


def single_lesson(student, place: Path, base: Path = Path(), **more) -> Lesson:
    rows = toy_rows()
    return Lesson(rows[:50], rows[50:65], TASK, student, place, base, **more)


def multi_label_lesson(student, place: Path, base: Path = Path()) -> Lesson:
    rows = []
    for thing in THINGS:
        for word in (*GOOD, *BAD):
            labels = (("food",) if thing in ("pizza", "soup") else ()) + (("praise",) if word in GOOD else ())
            rows.append(Example(f"the {thing} was {word}", labels=labels))
    random.Random(0).shuffle(rows)
    return Lesson(rows[:50], rows[50:], TOPICS, student, place, base)


def pair_lesson(student, place: Path, base: Path = Path()) -> Lesson:
    rows = []
    for first in (GOOD[0], BAD[0]):
        for second in (GOOD[1], BAD[1]):
            label = "same" if (first in GOOD) == (second in GOOD) else "other"
            for thing in THINGS:
                rows.append(Example(f"the {thing} was {first}", label, text_pair=f"so {second}"))
    random.Random(0).shuffle(rows)
    return Lesson(rows[:24], rows[24:], SAME, student, place, base)
