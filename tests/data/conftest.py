"""A teacher who answers from a function, and a place for stages to write."""

import pytest
from hypothesis import settings

from factory.data.examples import Example
from factory.recipe import Task
from factory.teacher import Usage

settings.register_profile("data", deadline=None, max_examples=50)  # no test depends on how busy the machine is
settings.load_profile("data")


class PlainTeacher:
    """Answers and writes what it is told, and notes what it was asked."""

    name = "plain"

    def __init__(self, answer=None, texts=()):
        self.identity = {"plain": 1}
        self.usage = Usage()
        self.asked = []
        self._answer = answer
        self._texts = texts

    def label(self, texts, task):
        self.asked += texts
        return [self._answer(text) for text in texts]

    def write(self, task, generate):
        return [Example(text, asked_for=label, source="generated") for text, label in self._texts]


@pytest.fixture
def task():
    return Task(text="An opinion", question="Is it good?", labels={"good": "likes it", "bad": "does not"})


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
