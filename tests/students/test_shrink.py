"""Smaller networks: what they are cut from, what teaches them, and that they can be killed."""

import json
import shutil
from dataclasses import replace

import pytest

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.recipe_students import Shrink
from factory.students.lesson import Lesson
from factory.students.quiet import quiet_transformers
from factory.students.shrink import train_shrink
from tests.students.killing import hashes, kill_at
from tests.students.toy import TASK, UNLABELLED, toy_rows

SETTINGS = {"base_model": "acme/tiny", "teacher": "toy", "lr": 1e-3, "epochs": 2, "max_length": 32}
SHRINK = Shrink(name="small", method="shrink", layers=1, vocabulary="used", head_first=False, **SETTINGS)
TRAIN = """
import sys
from pathlib import Path
from tests.students.test_shrink import make_lesson, train_shrink
train_shrink(make_lesson(*map(Path, sys.argv[1:])))
"""


def make_lesson(base, larger, place):
    rows = toy_rows()
    return Lesson(rows[:50], rows[50:65], TASK, SHRINK, place, base, larger, UNLABELLED)


@pytest.fixture(autouse=True)
def quiet():
    with quiet_transformers():
        yield


@pytest.fixture
def lesson(toy, trained, tmp_path):
    return make_lesson(toy / "base", trained.path / "model", tmp_path / "place")


def change(lesson, **settings):
    return replace(lesson, student=lesson.student.model_copy(update=settings))


def untrained(lesson, folder):
    """The smaller network as it is before its first step: with a learning rate that moves no weight."""
    fitted = train_shrink(replace(change(lesson, lr=1e-30, epochs=1), validation=(), place=folder / "untrained"))
    fitted.save(folder / "model")
    return folder / "model"


def logits(folder, texts):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    network, tokenizer = (
        AutoModelForSequenceClassification.from_pretrained(folder),
        AutoTokenizer.from_pretrained(folder),
    )
    with torch.inference_mode():
        return network(**tokenizer(texts, padding=True, return_tensors="pt")).logits


def weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def pooled(toy, tmp_path):
    base = tmp_path / "pooled"
    shutil.copytree(toy / "base", base)
    (base / "1_Pooling").mkdir()
    (base / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return base


def test_with_all_layers_it_says_what_the_larger_student_says(lesson, tmp_path):
    import torch

    texts = [row.text for row in [*lesson.rows, *lesson.unlabelled]]
    folder = untrained(change(lesson, layers=[0, 1]), tmp_path)
    assert len(weights(folder)["bert.embeddings.word_embeddings.weight"]) < 200
    torch.testing.assert_close(logits(folder, texts), logits(lesson.larger, texts))


def test_its_layers_are_those_of_the_larger_student(lesson, tmp_path):
    ours, theirs = weights(untrained(lesson, tmp_path)), weights(lesson.larger)
    copied = [name for name in ours if ".layer.0." in name]
    assert copied
    for name in copied:
        assert ours[name] == pytest.approx(theirs[name.replace(".layer.0.", ".layer.1.")], abs=1e-6)


def test_without_a_larger_student_its_layers_are_those_of_the_base(lesson, toy, tmp_path):
    ours, theirs = weights(untrained(replace(lesson, larger=None), tmp_path)), weights(toy / "base")
    name = "encoder.layer.{}.attention.self.query.weight"
    assert ours[f"bert.{name.format(0)}"] == pytest.approx(theirs[name.format(1)], abs=1e-6)


def test_the_layer_that_pools_is_kept_and_not_counted(lesson, toy, tmp_path):
    alone = replace(lesson, base=pooled(toy, tmp_path), larger=None)
    folder = untrained(alone, tmp_path)
    assert json.loads((folder / "config.json").read_text())["num_hidden_layers"] == 2
    ours, base = weights(folder), weights(toy / "base")
    name = "encoder.layer.1.attention.self.query.weight"
    assert ours["bert.encoder.layer.0.attention.self.query.weight"] == pytest.approx(base[name], abs=1e-6)
    assert abs(ours[f"bert.{name}"]).max() < 1e-6


def test_the_control_differs_in_its_weights_alone(lesson, tmp_path):
    copied, drawn = (change(lesson, init=init) for init in ("copy", "random"))
    facts = [train_shrink(replace(each, place=tmp_path / each.student.init)).facts for each in (copied, drawn)]
    assert [fact["init"] for fact in facts] == ["copy", "random"]
    for name in ("parameters", "layers", "vocabulary_size", "unlabelled_rows"):
        assert facts[0][name] == facts[1][name]
    assert facts[0]["loss"] < facts[1]["loss"]


def test_its_hidden_states_come_nearer_to_those_of_the_larger_network(lesson):
    import torch
    from transformers import AutoModelForSequenceClassification, TrainingArguments, default_data_collator

    from factory.students.distillation import Body, DistillationTrainer
    from factory.students.layers import draw_layers

    larger = AutoModelForSequenceClassification.from_pretrained(lesson.larger)
    torch.manual_seed(0)
    smaller = draw_layers(larger, [1], range(larger.config.vocab_size), is_pooled=False)
    body = Body(larger, [0, 2], torch.arange(larger.config.vocab_size))
    unanswered = replace(change(lesson, soft_weight=1.0), rows=[Example(f"text {number}") for number in range(64)])
    ids = torch.randint(5, 300, (64, 8), generator=torch.Generator().manual_seed(0)).tolist()
    rows = [{"input_ids": row, "attention_mask": [1] * 8, "labels": [0.0, 0.0]} for row in ids]
    settings = {"learning_rate": 1e-2, "num_train_epochs": 5, "logging_steps": 8, "report_to": "none"}
    arguments = TrainingArguments(str(lesson.place), disable_tqdm=True, save_strategy="no", use_cpu=True, **settings)
    trainer = DistillationTrainer(unanswered, body, smaller, arguments, default_data_collator, rows, None)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0] / 2


def test_a_larger_student_of_another_width_teaches_by_its_probabilities(lesson, tmp_path):
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(lesson.larger)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        label2id={"yes": 0, "no": 1}, id2label={0: "yes", 1: "no"},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path / "other")
    tokenizer.save_pretrained(tmp_path / "other")
    facts = train_shrink(replace(lesson, larger=tmp_path / "other")).facts
    assert (facts["layers"], facts["unlabelled_rows"]) == ([1], 80)
    assert facts["parameters"] > 30_000


def test_layers_that_the_base_does_not_have_are_refused(lesson):
    with pytest.raises(TrainingError, match="small: layers is 3, but the larger network has layers 0 to 1"):
        train_shrink(change(lesson, layers=3))


def test_a_training_that_was_killed_ends_with_the_same_bytes(lesson, toy, tmp_path):
    train_shrink(lesson).save(tmp_path / "whole")
    killed = tmp_path / "killed"
    kill_at("checkpoint-*", killed, TRAIN, lesson.base, lesson.larger, killed)
    train_shrink(replace(lesson, place=killed)).save(tmp_path / "resumed")
    assert hashes(tmp_path / "whole") == hashes(tmp_path / "resumed")
