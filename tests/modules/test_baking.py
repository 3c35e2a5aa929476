"""Every form of a module, on a random Llama of two layers."""

import json

import pytest

from factory.modules.baking import Oven
from factory.modules.module import Module
from factory.modules.reading import load_base
from tests.modules.llama import SETTINGS, bake_toy

GRADIENT = {"lr": [1e-2], "epochs": 6}


def validation_kl(made_of, folder):
    return json.loads((folder / "training.json").read_text())["validation_kl"]


@pytest.fixture(scope="module")
def without(made_of, tmp_path_factory):
    """How far the base model without the prompt is from what it says with it."""
    oven = Oven(made_of, SETTINGS, tmp_path_factory.mktemp("scratch"))
    module = Module(load_base(made_of["base"].path, "test"), None, oven.wording)
    return float(oven.diverge(module.read(oven.texts("validation")), "validation").mean())


def test_a_prefix_cache_says_what_the_prompted_model_says(made_of, tmp_path, without):
    module = bake_toy(made_of, tmp_path / "out", form="prefix-cache")
    assert validation_kl(made_of, module.path) < 1e-4 < without


@pytest.mark.parametrize(
    "settings",
    [
        GRADIENT,
        {**GRADIENT, "init": "pissa"},
        {**GRADIENT, "init": "olora", "lr": [3e-3]},
        {**GRADIENT, "adapter": "full", "lr": [3e-3]},
    ],
    ids=["lora", "pissa", "olora", "full"],
)
def test_distillation_brings_the_module_near_to_the_prompted_model(made_of, tmp_path, without, settings):
    module = bake_toy(made_of, tmp_path / "out.with.dots", **settings)
    assert validation_kl(made_of, module.path) < 0.3 * without


def test_the_closed_form_brings_it_near_without_a_gradient(made_of, tmp_path, without):
    module = bake_toy(made_of, tmp_path / "out", form="activation-patch", rank=16)
    assert validation_kl(made_of, module.path) < 0.5 * without


def test_a_few_steps_from_the_closed_form_beat_as_many_from_random_factors(made_of, tmp_path):
    found = {
        init: validation_kl(made_of, bake_toy(made_of, tmp_path / init, init=init, epochs=1, lr=[1e-3]).path)
        for init in ("default", "activation-patch")
    }
    assert found["activation-patch"] < 0.5 * found["default"]


def test_the_best_learning_rate_on_validation_texts_is_kept(made_of, tmp_path):
    module = bake_toy(made_of, tmp_path / "out", lr=[1e-7, 3e-3])
    facts = json.loads((module.path / "training.json").read_text())
    assert [run["lr"] for run in facts["tried"]] == [1e-7, 3e-3]
    assert facts["student"]["lr"] == 3e-3
    assert facts["validation_kl"] == min(run["validation_kl"] for run in facts["tried"])
