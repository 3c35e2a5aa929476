"""Modules of one base model, added, scaled and taken away."""

import json
import shutil

import pytest
import torch
from click.testing import CliRunner

from factory.cli import commands
from factory.errors import HubError
from factory.modules.arithmetic import Addend, add_modules
from factory.modules.composition import measure_composition
from factory.modules.factors import WEIGHTS, Pair, merge_factors, read_factors, save_factors
from factory.modules.module import Module, read_sidecar
from factory.modules.reading import load_base
from factory.store import hash_file
from tests.modules.llama import bake_toy

TOKENS = torch.tensor([[1, 30, 40, 50]])


@pytest.fixture(scope="module")
def baked(made_of, tmp_path_factory):
    """One small module, and another whose change is a different one."""
    folder = tmp_path_factory.mktemp("baked")
    one = bake_toy(made_of, folder / "one", lr=[1e-2], epochs=1).path / "model"
    other = shutil.copytree(one, folder / "other")
    dice = torch.Generator().manual_seed(0)
    changed = {
        name: Pair(torch.randn(pair.b.shape, generator=dice) / 30, pair.a) for name, pair in read_factors(one).items()
    }
    save_factors(changed, other, None, None)
    return one, other


def weigh(folders, weights):
    return [Addend(folder.name, folder, weight) for folder, weight in zip(folders, weights, strict=True)]


def change_of(folder):
    return {name: pair.b @ pair.a for name, pair in read_factors(folder).items()}


def test_a_sum_changes_weights_by_the_sum_of_the_changes(baked, tmp_path):
    about = add_modules(weigh(baked, [1.0, 0.5]), tmp_path / "sum")
    one, other, both = (change_of(folder) for folder in (*baked, tmp_path / "sum"))
    for name, change in both.items():
        assert torch.allclose(change, one[name] + 0.5 * other[name], atol=1e-3)
    assert [part["weight"] for part in about["made_of"]] == [1.0, 0.5]
    assert [task["name"] for task in about["tasks"]] == ["model", "other"]
    assert about["made_of"][1]["sha256"] == hash_file(baked[1] / WEIGHTS)


@pytest.mark.parametrize(("how", "weight"), [("ties", 1.0), ("dare", 0.5)])  # TIES takes the mean of what agrees
def test_ties_and_dare_keep_a_change_that_two_modules_share(baked, tmp_path, how, weight):
    add_modules(weigh([baked[0], baked[0]], [weight, weight]), tmp_path / "sum", how, 1 - 1e-7)
    one, both = change_of(baked[0]), change_of(tmp_path / "sum")
    assert all(torch.allclose(both[name], one[name], atol=1e-3) for name in one)


def test_a_module_and_its_negation_are_nothing(made_of, baked, tmp_path):
    add_modules(weigh(baked[:1], [-1.0]), tmp_path / "negated")
    add_modules(weigh([baked[0], tmp_path / "negated"], [1.0, 1.0]), tmp_path / "nothing")
    base = made_of["base"].path
    with torch.inference_mode():
        plain = load_base(base, "test")(TOKENS).logits
        same = merge_factors(load_base(base, "test"), read_factors(tmp_path / "nothing"))(TOKENS).logits
    assert torch.allclose(plain, same, atol=1e-3)


def test_modules_of_different_base_models_are_not_added(baked, tmp_path):
    other = shutil.copytree(baked[1], tmp_path / "other")
    about = json.loads((other / "module.json").read_text())
    about["base"]["sha256"] = "f" * 64
    (other / "module.json").write_text(json.dumps(about))
    with pytest.raises(HubError, match=r"f{64}, but .* only modules of one base model"):
        add_modules(weigh([baked[0], other], [1.0, 1.0]), tmp_path / "sum")


def test_a_sum_of_several_tasks_is_not_added_again(baked, tmp_path):
    add_modules(weigh(baked, [1.0, 1.0]), tmp_path / "sum")
    with pytest.raises(HubError, match="sum is a sum itself; add model and other in its place"):
        add_modules(weigh([tmp_path / "sum"], [2.0]), tmp_path / "twice")


def test_each_task_of_a_composition_is_held_against_the_module_alone(made_of, baked, tmp_path):
    texts = ["the pizza was great", "the dog was bad", "so nice"]
    addends = weigh(baked, [1.0, 0.0])
    add_modules(addends, tmp_path / "sum")
    same, other = measure_composition(tmp_path / "sum", addends, [texts, texts], made_of["base"].path)
    assert same["agreement"]["value"] == 1
    assert same["kl"]["value"] < 1e-4 < other["kl"]["value"]
    assert same["texts"] == 3


@pytest.mark.parametrize(("command", "more", "factor"), [("scale", ["2"], 2), ("negate", [], -1)])
def test_a_command_scales_or_negates_a_module(baked, tmp_path, command, more, factor):
    out = tmp_path / "out"
    done = CliRunner().invoke(commands, ["module", command, str(baked[0]), *more, "--output", str(out)])
    assert done.exit_code == 0
    assert "not measured: no texts of the task of model are known; give some with --texts" in done.stderr
    one, changed = change_of(baked[0]), change_of(out)
    assert all(torch.allclose(factor * one[name], changed[name], atol=1e-3) for name in one)


def test_a_combination_is_written_over_an_earlier_one_and_over_nothing_else(baked, tmp_path):
    out = tmp_path / "out"
    for weight in (2.0, 0.5):
        add_modules(weigh(baked[:1], [weight]), out)
    assert read_sidecar(out)["made_of"][0]["weight"] == 0.5
    with pytest.raises(HubError, match="out is one of the modules that are combined"):
        add_modules(weigh([out], [1.0]), tmp_path / "." / "out")
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(HubError, match=r"out holds thesis\.txt, which is no part of a combination"):
        add_modules(weigh(baked[:1], [1.0]), out)
    assert (out / "thesis.txt").read_text() == "mine"


def test_a_scaled_module_still_answers(made_of, baked, tmp_path):
    add_modules(weigh(baked[:1], [0.5]), tmp_path / "half")
    (row,) = Module.load(tmp_path / "half", made_of["base"].path).scores(["the pizza was great"])
    assert row.sum() == pytest.approx(1)
