"""Mean pooling as a layer: what the head reads is the mean of the tokens, in a plain BERT."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from factory.data.examples import Example
from factory.recipe_students import Head
from factory.students.head import read_features
from factory.students.lesson import Lesson
from factory.students.networks import batch_rows, save_network
from factory.students.pooling import averages_tokens
from factory.students.pretrained import load_classifier, load_tokenizer
from factory.students.quiet import quiet_transformers
from tests.students.toy import TASK

ROWS = [
    Example("the soup was nice"),
    Example("a book about a dog that was not bad, and a house by the sea"),
    Example("no"),
]
HEAD = Head(name="head", method="head", base_model="acme/tiny", max_length=32)


@pytest.fixture
def lesson(toy, tmp_path):
    """A lesson on a base that says, as those of sentence-transformers do, that its tokens are averaged."""
    base = tmp_path / "base"
    shutil.copytree(toy / "base", base)
    (base / "1_Pooling").mkdir()
    (base / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return Lesson(ROWS, [], TASK, HEAD, tmp_path / "scratch", base=base)


def load(lesson):
    with quiet_transformers():
        return load_classifier(lesson), load_tokenizer(lesson)


def standardise(vectors):
    return (vectors - vectors.mean(axis=1, keepdims=True)) / vectors.std(axis=1, keepdims=True)


def test_the_head_reads_the_mean_of_the_tokens_whatever_the_padding(lesson):
    network, tokenizer = load(lesson)
    expected = np.zeros((len(ROWS), network.config.hidden_size))
    for places, batch in batch_rows(network, tokenizer, ROWS):
        states = network.bert(**batch, output_hidden_states=True).hidden_states[-2].detach().numpy()
        mask = batch["attention_mask"].numpy()[..., None]
        expected[places] = (states * mask).sum(axis=1) / mask.sum(axis=1)
    read = np.arctanh(read_features(network, tokenizer, ROWS))
    assert np.abs(standardise(read) - standardise(expected)).max() < 0.1


def test_a_base_that_does_not_average_gets_no_layer(toy, lesson):
    assert averages_tokens(lesson.base)
    assert not averages_tokens(toy / "base")
    deeper, _ = load(lesson)
    plain, _ = load(replace(lesson, base=toy / "base"))
    assert deeper.config.num_hidden_layers == plain.config.num_hidden_layers + 1


def test_what_is_saved_is_a_plain_bert_that_gives_equal_logits(lesson, tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification

    network, tokenizer = load(lesson)
    save_network(network, tokenizer, tmp_path / "model", None)
    with quiet_transformers(), torch.inference_mode():
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()
        ((_, batch),) = batch_rows(network, tokenizer, ROWS)
        assert type(again).__name__ == "BertForSequenceClassification"
        assert torch.equal(again(**batch).logits, network(**batch).logits)
