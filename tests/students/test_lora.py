"""Adapters: what is merged computes what was trained, and what is published fits the base as it is on its Hub."""

import json

import pytest

from factory.errors import TrainingError
from factory.recipe_students import Lora
from factory.students.lesson import Lesson
from factory.students.lora import train_lora
from factory.students.networks import batch_rows
from factory.students.quiet import quiet_transformers
from tests.students.killing import hashes, kill_at
from tests.students.toy import TASK, toy_rows, train_toy
from tests.tiny import tiny_base

STUDENT = Lora(
    name="toy", method="lora", base_model="acme/tiny", revision="v1", lr=5e-3, epochs=1, max_length=32, rank=4
)
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
TOKENS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
INITS = ("default", "pissa", "olora", "eva")
KINDS = ("bert", "mpnet", "roberta", "llama", "modernbert", "bert-mean", "roberta-mean")
TRAIN = """
import sys
from pathlib import Path
from tests.students.test_lora import train_long
train_long(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def quiet():
    with quiet_transformers():
        yield


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """Tiny base models of several families; those with `mean` are read by the mean of their tokens."""
    folder = tmp_path_factory.mktemp("bases.of.all.families")
    return {kind: write_base(folder / kind, kind) for kind in KINDS}


def write_base(folder, kind):
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    tiny_base(folder)
    family, _, pooling = kind.partition("-")
    if family != "bert":
        words = len(AutoTokenizer.from_pretrained(folder))
        torch.manual_seed(0)
        model = AutoModel.from_config(AutoConfig.for_model(family, vocab_size=words, **SIZES, **TOKENS))
        for file in ("config.json", "model.safetensors"):
            (folder / file).unlink()
        model.save_pretrained(folder)
    if family == "roberta":  # it has no second kind of segment
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        settings["model_input_names"] = ["input_ids", "attention_mask"]
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if pooling:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    return folder


def lesson(base, place, student=STUDENT, **changes):
    """A first pass of one epoch."""
    rows = toy_rows()
    return Lesson(rows[:32], rows[32:48], TASK, student.model_copy(update=changes), place, base)


def train_long(base, out):
    """A second pass of many epochs, with all that a killed attempt has to find again; writes model and adapter."""
    import torch

    torch.set_num_threads(1)
    found = {"epochs": 12, "penalty": 1.0}
    student = STUDENT.model_copy(update={"init": "pissa", "dora": True, "adapter": True})
    with quiet_transformers():
        fitted = train_lora(Lesson(toy_rows()[:48], [], TASK, student, out / ".scratch", base, found=found))
        fitted.save(out / "model")
        fitted.save_adapter(out / "adapter")


def logits(network, base):
    """What a network says of some rows, by places."""
    import torch
    from transformers import AutoTokenizer

    tokenizer, rows = AutoTokenizer.from_pretrained(base), toy_rows()[48:]
    with torch.no_grad():
        return torch.cat([network(**batch).logits for _, batch in batch_rows(network, tokenizer, rows)])


def are_equal(found, expected):
    """Whether logits differ by no more than float32 does at their size."""
    return expected.std() > 0.01 and (found - expected).abs().max() <= 1e-5 * max(1, expected.abs().max())


def load(folder, **arguments):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder, **arguments)


def on_untouched_base(fitted, base, folder):
    """The network that the published adapter makes of the base."""
    from peft import PeftModel

    fitted.save_adapter(folder)
    return PeftModel.from_pretrained(load(base, **fitted.facts["adapter"]), folder)


@pytest.mark.parametrize("init", INITS)
def test_the_published_adapter_makes_the_merged_network_of_the_untouched_base(bases, tmp_path, init):
    fitted = train_lora(lesson(bases["bert"], tmp_path / ".scratch", init=init, adapter=True))
    fitted.save(tmp_path / "model")
    adapted = on_untouched_base(fitted, bases["bert"], tmp_path / "adapter")
    assert are_equal(logits(load(tmp_path / "model"), bases["bert"]), logits(adapted, bases["bert"]))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bert"])
@pytest.mark.parametrize("init", ["default", "pissa"])
def test_the_published_adapter_fits_bases_of_other_families(bases, tmp_path, kind, init):
    fitted = train_lora(lesson(bases[kind], tmp_path / ".scratch", init=init, adapter=True))
    fitted.save(tmp_path / "model")
    adapted = on_untouched_base(fitted, bases[kind], tmp_path / "adapter")
    assert are_equal(logits(load(tmp_path / "model"), bases[kind]), logits(adapted, bases[kind]))


@pytest.mark.parametrize("init", ["default", "pissa", "olora"])
@pytest.mark.parametrize("changes", [{"dora": True}, {"rslora": True}, {"target_modules": ["query", "value"]}])
def test_variants_are_published_in_full(bases, tmp_path, init, changes):
    fitted = train_lora(lesson(bases["bert"], tmp_path / ".scratch", init=init, adapter=True, **changes))
    fitted.save(tmp_path / "model")
    adapted = on_untouched_base(fitted, bases["bert"], tmp_path / "adapter")
    assert are_equal(logits(load(tmp_path / "model"), bases["bert"]), logits(adapted, bases["bert"]))


@pytest.mark.parametrize("init", INITS)
def test_adapters_and_their_start_leave_what_the_network_computes_as_it_was(bases, tmp_path, init):
    from factory.students.head import train_head_first
    from factory.students.pretrained import load_classifier, load_tokenizer

    still = lesson(bases["bert"], tmp_path / ".scratch", init=init, lr=1e-12)
    network = load_classifier(still)
    train_head_first(still, network, load_tokenizer(still))
    train_lora(still).save(tmp_path / "model")
    expected = logits(network, bases["bert"])
    assert expected.std() > 0.1
    assert (logits(load(tmp_path / "model"), bases["bert"]) - expected).abs().max() <= 1e-3


def test_pissa_starts_from_the_largest_singular_values(bases, tmp_path):
    import torch
    from safetensors.torch import load_file

    train_lora(lesson(bases["bert"], tmp_path / ".scratch", init="pissa"))
    weight = load_file(bases["bert"] / "model.safetensors")["encoder.layer.0.intermediate.dense.weight"]
    start, layer = load_file(tmp_path / ".scratch" / "start.safetensors"), "bert.encoder.layer.0.intermediate.dense"
    a, b = (start[f"base_model.model.{layer}.lora_{side}.default.weight"] for side in "AB")
    rest, values = torch.linalg.matrix_norm(weight - 2 * b @ a, ord=2), torch.linalg.svdvals(weight)
    assert values[STUDENT.rank] < 0.9 * values[0]
    assert rest == pytest.approx(float(values[STUDENT.rank]), rel=0.02)  # alpha is twice the rank


def test_eva_starts_from_what_the_layers_read_of_the_rows(bases, tmp_path):
    import torch
    from safetensors.torch import load_file

    train_lora(lesson(bases["bert"], tmp_path / ".scratch", init="eva"))
    start = load_file(tmp_path / ".scratch" / "start.safetensors")
    read, written = ([factors for name, factors in start.items() if f".lora_{side}." in name] for side in "AB")
    assert all(torch.allclose(factors @ factors.T, torch.eye(STUDENT.rank), atol=1e-4) for factors in read)
    assert not any(factors.any() for factors in written)


def test_the_layer_that_averages_tokens_stays_as_it_is(bases, tmp_path):
    from safetensors.torch import load_file

    train_lora(lesson(bases["bert-mean"], tmp_path / ".scratch")).save(tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert not weights["bert.encoder.layer.2.attention.self.query.weight"].any()
    assert weights["bert.encoder.layer.2.attention.output.dense.weight"].unique().tolist() == [0, 100]


def test_a_base_that_is_deepened_says_so_to_those_who_load_the_adapter(bases, tmp_path):
    deepened, plain = (
        train_lora(lesson(bases[kind], tmp_path / kind, adapter=True)).facts["adapter"]
        for kind in ("bert-mean", "bert")
    )
    assert deepened == {"num_labels": 2, "num_hidden_layers": 3}
    assert plain == {"num_labels": 2}


def test_a_training_killed_after_an_epoch_ends_with_the_same_files(bases, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train_long(bases["bert-mean"], whole)
    kill_at(".scratch/checkpoint-*/trainer_state.json", killed, TRAIN, bases["bert-mean"], killed)
    assert not (killed / "model").exists()
    train_long(bases["bert-mean"], killed)
    for name in ("model", "adapter"):
        assert hashes(killed / name) == hashes(whole / name)


@pytest.fixture(scope="module")
def staged(toy, tmp_path_factory):
    """What the stages write of a student with PiSSA that publishes its adapter."""
    student = STUDENT.model_copy(update={"init": "pissa", "adapter": True, "epochs": 6})
    return train_toy(toy, tmp_path_factory.mktemp("lora") / "trained", student)


def test_the_model_folder_is_that_of_a_plain_network(staged, trained):
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert sorted(path.name for path in (staged.path / "model").iterdir()) == names
    config, plain = (json.loads((it.path / "model" / "config.json").read_text()) for it in (staged, trained))
    assert config == plain


def test_the_adapter_folder_names_the_base_on_its_hub_and_no_path_of_the_machine(staged, toy):
    adapter = staged.path / "adapter"
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("acme/tiny", "v1")
    assert (config["r"], config["lora_alpha"], config["init_lora_weights"]) == (8, 16, True)
    assert config["target_modules"] == sorted(config["target_modules"])
    assert not any("classifier" in name or "pooler" in name for name in config["target_modules"])
    assert not any(str(toy).encode() in path.read_bytes() for path in staged.path.rglob("*") if path.is_file())


def test_the_adapter_of_a_base_in_a_folder_names_no_base(bases, tmp_path):
    fitted = train_lora(lesson(bases["bert"], tmp_path / ".scratch", adapter=True, base_model="./bases/bert"))
    fitted.save_adapter(tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == (None, None)


def test_facts_tell_the_size_of_the_network_and_what_of_it_was_trained(staged):
    facts = json.loads((staged.path / "training.json").read_text())
    assert (facts["init"], facts["rank"], facts["alpha"]) == ("pissa", 4, 8)
    assert facts["parameters"] == 45634
    adapters, pooler, head = 2 * (4 * 4 * (32 + 32) + 2 * 4 * (32 + 64)), 32 * 32 + 32, 2 * 32 + 2
    assert facts["trained_parameters"] == adapters + pooler + head


def test_equal_inputs_give_equal_bytes(staged, toy, tmp_path):
    student = STUDENT.model_copy(update={"init": "pissa", "adapter": True, "epochs": 6})
    assert hashes(train_toy(toy, tmp_path / "again", student).path) == hashes(staged.path)


def test_no_adapter_is_written_unless_asked_for(bases, tmp_path):
    assert train_lora(lesson(bases["bert"], tmp_path / ".scratch")).save_adapter is None


def test_layers_that_the_base_does_not_have_are_refused(bases, tmp_path):
    said = r"toy: target_modules: acme/tiny has no qkv; it has dense, key, query, value"
    with pytest.raises(TrainingError, match=said):
        train_lora(lesson(bases["bert"], tmp_path, target_modules=["query", "qkv"]))


@pytest.mark.parametrize(("init", "most"), [("default", 32), ("eva", 16)])
def test_a_rank_above_that_of_a_layer_is_refused(bases, tmp_path, init, most):
    with pytest.raises(TrainingError, match=f"toy: rank is 40, but .* takes {most} at most; lower it"):
        train_lora(lesson(bases["bert"], tmp_path, rank=40, init=init))


def test_too_few_words_for_eva_are_refused(bases, tmp_path):
    with pytest.raises(TrainingError, match="toy: too few words for init: eva"):
        train_lora(lesson(bases["bert"], tmp_path, rank=8, batch_size=1, init="eva"))


def test_olora_of_layers_it_cannot_take_apart_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="toy: olora cannot start the layers of acme/tiny; choose init: pissa"):
        train_lora(lesson(write_base(tmp_path / "base", "gpt2"), tmp_path / "place", init="olora"))


def test_a_loss_that_is_no_number_stops_training(bases, tmp_path):
    with pytest.raises(TrainingError, match=r"the loss of toy is no longer a number after .* lower its `lr`"):
        train_lora(lesson(bases["bert"], tmp_path, lr=1e30, epochs=4))
