"""What tests of the teacher share: a task, and teachers that ask a scripted server."""

from __future__ import annotations

import pytest

from factory.recipe import Budget, HttpTeacher, Price, Task
from factory.teacher.client import ChatTeacher


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in ("FACTORY_TEACHER_API_KEY", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def task():
    return Task(
        text="An SMS message",
        question="Is it spam?",
        labels={"ham": "from people one knows", "spam": "advertising or fraud"},
    )


@pytest.fixture
def several(task):
    """The same task, where any number of labels may apply."""
    return task.model_copy(update={"kind": "multi-label"})


@pytest.fixture
def pair(task):
    """A task of pairs."""
    return Task(
        kind="pair",
        text="A report",
        text_pair="A claim",
        question="What does the report say of the claim?",
        labels={"supports": "says it is true", "denies": "says it is false"},
    )


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "home" / "teacher.sqlite"


@pytest.fixture
def open_teacher(ledger):
    """Return a function that opens a teacher for a scripted server; settings and a budget as keywords."""

    def open_teacher(server, *, recipe="sms", budget=None, base_url=None, **settings):
        given = {"model": "scripted", "base_url": base_url or server.base_url, "price": Price(input=1, output=2)}
        return ChatTeacher(
            HttpTeacher(**{**given, **settings}),
            recipe=recipe,
            budget=budget or Budget(),
            ledger=ledger,
            backoff_seconds=0.01,
        )

    return open_teacher
