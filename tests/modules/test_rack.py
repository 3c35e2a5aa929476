"""Several modules on one base model in memory."""

import numpy as np
import pytest

from factory.errors import HubError
from factory.modules.arithmetic import Addend, add_modules
from factory.modules.module import Module
from factory.modules.rack import Rack
from tests.modules.llama import bake_toy

TEXTS = ["the pizza was great", "the dog was bad", "so nice"]


def test_each_module_answers_by_name_as_it_does_alone(made_of, tmp_path):
    one = bake_toy(made_of, tmp_path / "one", lr=[1e-2], epochs=1).path / "model"
    prefix = bake_toy(made_of, tmp_path / "prefix", form="prefix-cache").path / "model"
    add_modules([Addend("one", one, -1.0)], tmp_path / "undone")
    base = made_of["base"].path
    folders = {"one": one, "undone": tmp_path / "undone", "prefix": prefix}
    rack = Rack(base)
    for name, folder in folders.items():
        rack.attach(name, folder)
    for name in ("one", "prefix", "undone", "one"):
        alone = Module.load(folders[name], base).scores(TEXTS)
        assert np.allclose(rack.scores(name, TEXTS), alone, atol=1e-4)
    assert not np.allclose(rack.scores("one", TEXTS), rack.scores("undone", TEXTS), atol=1e-2)
    assert [answer["label"] for answer in rack.classifier("one")(TEXTS)] == [
        ["yes", "no"][row.argmax()] for row in rack.scores("one", TEXTS)
    ]

    rack.detach("undone")
    assert rack.names == ["one", "prefix"]
    with pytest.raises(HubError, match="no module 'undone' is attached; there is one, prefix"):
        rack.scores("undone", TEXTS)
