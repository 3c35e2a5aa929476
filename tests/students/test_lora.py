"""Adapters: what is merged computes what was trained, and what is published fits the base as it is on its Hub."""

import hashlib
import json
import shutil

import pytest

from factory.data.examples import read_examples
from factory.errors import TrainingError
from factory.recipe_students import Lora
from factory.students.lesson import Lesson
from factory.students.lora import train_lora
from factory.students.networks import batch_rows
from factory.students.quiet import quiet_transformers
from tests.students.toy import TASK, toy_rows, train_toy
from tests.tiny import tiny_base

STUDENT = Lora(
    name="toy", method="lora", base_model="acme/tiny", revision="v1", lr=5e-3, epochs=1, max_length=32, rank=4
)
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
INITS = ("default", "pissa", "olora", "eva")
KINDS = ("bert", "mpnet", "roberta", "llama", "modernbert", "bert-mean", "roberta-mean")


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
        special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
        torch.manual_seed(0)
        model = AutoModel.from_config(AutoConfig.for_model(family, vocab_size=words, **SIZES, **special))
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


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def logits(network, base):
    """What a network says of some rows, by places."""
    import torch
    from transformers import AutoTokenizer

    tokenizer, rows = AutoTokenizer.from_pretrained(base), toy_rows()[48:]
    with torch.no_grad():
        return torch.cat([network(**batch).logits for _, batch in batch_rows(network, tokenizer, rows)])


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
    merged, adapted = load(tmp_path / "model"), on_untouched_base(fitted, bases["bert"], tmp_path / "adapter")
    assert (logits(merged, bases["bert"]) - logits(adapted, bases["bert"])).abs().max() <= 1e-5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bert"])
@pytest.mark.parametrize("init", ["default", "pissa"])
def test_the_published_adapter_fits_bases_of_other_families(bases, tmp_path, kind, init):
    fitted = train_lora(lesson(bases[kind], tmp_path / ".scratch", init=init, adapter=True))
    fitted.save(tmp_path / "model")
    merged, adapted = load(tmp_path / "model"), on_untouched_base(fitted, bases[kind], tmp_path / "adapter")
    assert (logits(merged, bases[kind]) - logits(adapted, bases[kind])).abs().max() <= 1e-5


@pytest.mark.parametrize("init", ["default", "pissa", "olora"])
@pytest.mark.parametrize("changes", [{"dora": True}, {"rslora": True}, {"target_modules": ["query", "value"]}])
def test_variants_are_published_in_full(bases, tmp_path, init, changes):
    fitted = train_lora(lesson(bases["bert"], tmp_path / ".scratch", init=init, adapter=True, **changes))
    fitted.save(tmp_path / "model")
    merged, adapted = load(tmp_path / "model"), on_untouched_base(fitted, bases["bert"], tmp_path / "adapter")
    assert (logits(merged, bases["bert"]) - logits(adapted, bases["bert"])).abs().max() <= 1e-5
