"""Every form of a module, on a random Llama of two layers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from factory.modules.baking import Oven
from factory.modules.factors import WEIGHTS
from factory.modules.measuring import best_constant, diverge_fully
from factory.modules.module import Module
from factory.modules.reading import diverge, load_base, read_prefix
from factory.modules.targets import CHUNK, read_targets, record_targets
from factory.store import hash_files
from factory.students.quiet import quiet_transformers
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


def test_a_calibrated_module_says_the_labels_without_the_prior_of_the_prompted_model(made_of, tmp_path):
    module = bake_toy(made_of, tmp_path / "out", form="label-calibrated", **GRADIENT)
    oven = Oven(made_of, SETTINGS, tmp_path / "scratch")
    opened = Module.load(module.path / "model", made_of["base"].path)
    said = opened.read_labels(oven.texts("validation")).log_softmax(-1)
    raw, prior = oven.targets["validation"].prompted, oven.targets["train"].prompted.mean(0)
    kept = diverge((raw - prior).log_softmax(-1), said).mean()
    assert validation_kl(made_of, module.path) == pytest.approx(float(kept), abs=1e-4)
    assert kept < 0.3 * diverge(raw.log_softmax(-1), said).mean()


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


class Killed(BaseException):
    """What ends a training in the middle of a step, as a signal would."""


@pytest.mark.parametrize("settings", [{"init": "pissa"}, {"adapter": "full"}], ids=["pissa", "full"])
def test_a_training_that_was_killed_goes_on_to_the_same_bytes(made_of, tmp_path, settings):
    run = SETTINGS.model_copy(update={"lr": 3e-3, "epochs": 8, **settings})  # 32 steps
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with quiet_transformers():
        Oven(made_of, run, tmp_path / "scratch").bake(whole)
        with pytest.raises(Killed):
            Dying(made_of, run, tmp_path / "scratch.killed").bake(killed)
        assert not killed.exists()
        facts = Oven(made_of, run, tmp_path / "scratch.killed").bake(killed)
    assert (killed / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert facts["steps"] == 32


class Dying(Oven):
    """An oven that is switched off in its 28th step."""

    steps = 0

    def loss(self, network, places):
        self.steps += 1
        if self.steps == 28:
            raise Killed
        return super().loss(network, places)


def test_finishing_again_over_what_a_killed_attempt_left_gives_the_same_files(made_of, tmp_path):
    whole = bake_toy(made_of, tmp_path / "whole", form="activation-patch").path
    (tmp_path / "again" / "model").mkdir(parents=True)
    (tmp_path / "again" / "model" / WEIGHTS).write_bytes(b"cut")
    again = bake_toy(made_of, tmp_path / "again", form="activation-patch").path
    assert hash_files(again) == hash_files(whole)


def test_recording_goes_on_after_the_last_whole_chunk(made_of, tmp_path):
    part = tmp_path / "train"
    part.mkdir()
    chunk = load_file(made_of["targets"].path / "train.safetensors")
    marked = {name: values[:CHUNK].clone() for name, values in chunk.items()}
    marked["bare"] -= 1  # as no text is read anew, this stays
    save_file(marked, part / "000000.safetensors")
    (part / "000016.part").write_bytes(b"cut")
    arguments = (made_of["base"], made_of["prompt"], made_of["splits"], None, made_of["task"], SETTINGS.wording)
    record_targets(*arguments, out=tmp_path)
    again = read_targets(tmp_path / "train.safetensors")
    before = read_targets(made_of["targets"].path / "train.safetensors")
    assert torch.equal(again.bare[:CHUNK], before.bare[:CHUNK] - 1)
    assert torch.equal(again.prompted, before.prompted)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "held_out.safetensors", "targets.json", "train.safetensors", "validation.safetensors",
    ]  # fmt: skip


def test_the_recorded_tokens_tell_almost_the_whole_divergence(made_of):
    facts = json.loads((made_of["targets"].path / "targets.json").read_text())
    assert facts["bytes_per_text"] <= 1_000
    oven = Oven(made_of, SETTINGS, made_of["base"].path)
    network = load_base(made_of["base"].path, "test")
    module = Module(network, None, oven.wording)
    prompted = Module(network, read_prefix(network, oven.wording), oven.wording)
    texts = oven.texts("validation")
    bare, wanted = module.read(texts), prompted.read(texts)
    whole = diverge_fully(wanted, bare, torch.ones(len(texts), 1))
    recorded = oven.targets["validation"].diverge(bare)
    assert torch.all(recorded <= whole + 1e-3)
    assert torch.allclose(recorded, whole, atol=2e-3)


def test_the_best_constant_answer_diverges_less_than_any_other():
    wanted = torch.randn(20, 1, 9, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    reach = torch.ones(20, 1)
    best = diverge_fully(wanted, best_constant(wanted, reach), reach).mean()
    assert all(best < diverge_fully(wanted, row[None], reach).mean() for row in wanted)
