"""A base model with a prompt as the teacher of any student."""

import pytest

from factory.data.examples import read_examples
from factory.modules.targets import read_targets
from factory.recipe import Budget, LocalTeacher
from factory.teacher.opening import open_teacher
from tests.modules.llama import SETTINGS, TASK


def open_prompted(made_of, **settings):
    folder = made_of["prompt"].path.parent
    asked = {"local": "./base", "prompt": "prompt.md", "input": SETTINGS.input, "calibrate": False, **settings}
    return open_teacher(LocalTeacher(**asked), recipe="toy", budget=Budget(), ledger=folder / "ledger", folder=folder)


def test_it_labels_as_the_prompted_model_does(made_of):
    texts = [row.text for row in read_examples(made_of["splits"].path / "validation.jsonl")]
    answers = open_prompted(made_of).label(texts, TASK)
    wanted = read_targets(made_of["targets"].path / "validation.safetensors").prompted.softmax(-1)
    for answer, row in zip(answers, wanted, strict=True):
        assert answer.label == TASK.names[row.argmax()]
        assert list(answer.probabilities.values()) == pytest.approx(row.tolist(), abs=1e-3)


def test_its_identity_is_that_of_the_prompt_too(made_of):
    assert open_prompted(made_of).identity == open_prompted(made_of, batch_size=4).identity
    assert open_prompted(made_of).identity != open_prompted(made_of, input="{text}\nSo:").identity
    assert open_prompted(made_of).identity["prompt"] != open_prompted(made_of, prompt=None).identity["prompt"]
