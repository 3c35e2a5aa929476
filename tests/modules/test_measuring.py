"""The figures that are told of a module, on a random Llama of two layers."""

import json

import pytest

from factory.data.examples import read_examples
from factory.modules.baking import Oven
from factory.modules.measuring import diverge_fully, evaluate_module
from factory.modules.module import Module
from factory.modules.reading import load_base, read_prefix
from factory.modules.targets import read_targets
from factory.modules.timing import time_calls
from tests.modules.llama import SETTINGS, bake_toy


@pytest.fixture(scope="module")
def figures(made_of, tmp_path_factory):
    """Of a module that a few steps have changed, so that it is neither the prompted model nor the bare one."""
    folder = tmp_path_factory.mktemp("figures")
    module = bake_toy(made_of, folder / "out", epochs=1, lr=[3e-3])
    evaluate_module(module, made_of, None, None, SETTINGS, out=folder)
    return json.loads((folder / "report.json").read_text())["module"]


@pytest.fixture(scope="module")
def bare_divergence(made_of, tmp_path_factory):
    """How far the base model without the prompt is from itself with the prompt, on the held-out texts."""
    oven = Oven(made_of, SETTINGS, tmp_path_factory.mktemp("scratch"))
    network = load_base(made_of["base"].path, "test")
    rows = read_examples(made_of["splits"].path / "held_out.jsonl")
    texts = [oven.wording.read(row.text) for row in rows]
    bare = Module(network, None, oven.wording).read(texts)
    prompted = Module(network, read_prefix(network, oven.wording), oven.wording).read(texts)
    return float(diverge_fully(prompted, bare, bare.new_ones(len(texts), 1)).mean())


def test_what_is_told_without_the_prompt_is_of_the_untouched_base_model(figures, bare_divergence):
    assert figures["kl_without_prompt"]["value"] == pytest.approx(bare_divergence, rel=1e-3)
    assert figures["kl"]["value"] < 0.9 * bare_divergence


def test_what_the_recorded_tokens_do_not_tell_is_little(figures):
    assert abs(figures["kl_error"]) < 2e-3


def test_a_module_changes_what_is_said_of_other_things(figures):
    assert abs(figures["side_effect"]["value"]) > 1e-4


def test_peft_makes_of_the_files_what_the_merged_module_is(figures):
    assert figures["peft_difference"] < 1e-4
    assert set(figures["cpu_ms"]) == {"prompted", "cached", "merged", "unmerged"}


@pytest.mark.parametrize("form", ["prefix-cache", "context-distillation"])
def test_timing_calls_leaves_the_base_model_as_it_was(made_of, tmp_path, form):
    model = bake_toy(made_of, tmp_path / "out", form=form, epochs=1, lr=[3e-3]).path / "model"
    wording = Oven(made_of, SETTINGS, tmp_path / "scratch").wording
    base = load_base(made_of["base"].path, "test")
    texts = [wording.read("the pizza was great")]
    before, layers = Module(base, None, wording).read(texts), str(base)
    time_calls(base, Module.load(model, made_of["base"].path), wording, read_prefix(base, wording), model, texts)
    assert Module(base, None, wording).read(texts).equal(before)
    assert str(base) == layers


def test_evaluating_again_over_what_a_killed_attempt_left_says_the_same_of_each_row(made_of, tmp_path):
    module = bake_toy(made_of, tmp_path / "module", epochs=1)
    for name in ("whole", "again"):
        (tmp_path / name).mkdir()
    for name in ("report.json", "predictions.jsonl"):
        (tmp_path / "again" / name).write_text('{"left": ' * 10_000)
    for name in ("whole", "again"):
        evaluate_module(module, made_of, None, None, SETTINGS, out=tmp_path / name)
    whole, again = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("whole", "again"))
    assert again["module"]["fidelity"] == whole["module"]["fidelity"]
    said = [(tmp_path / name / "predictions.jsonl").read_bytes() for name in ("whole", "again")]
    assert said[0] == said[1]


def test_a_calibrated_module_is_compared_with_the_labels_that_it_was_taught(made_of, tmp_path):
    module = bake_toy(made_of, tmp_path / "out", form="label-calibrated", epochs=2)
    evaluate_module(
        module, made_of, None, None, SETTINGS.model_copy(update={"form": "label-calibrated"}), out=tmp_path
    )
    figures = json.loads((tmp_path / "report.json").read_text())["module"]
    train, held_out = (read_targets(made_of["targets"].path / f"{part}.safetensors") for part in ("train", "held_out"))
    taught = (held_out.prompted - train.prompted.mean(0)).argmax(-1)
    rows = read_examples(made_of["splits"].path / "held_out.jsonl")
    opened = Module.load(module.path / "model", made_of["base"].path)
    said = opened.read_labels([opened.wording.read(row.text) for row in rows]).argmax(-1)
    assert figures["agreement"]["value"] == pytest.approx(float((said == taught).float().mean()))
    assert figures["majority"] == pytest.approx(float(taught.bincount().max() / len(taught)))
    assert not taught.equal(held_out.prompted.argmax(-1))
