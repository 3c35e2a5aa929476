from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from factory.errors import TeacherError
from factory.recipe import Generate, LocalTeacher
from factory.teacher.local import LanguageModel, calibrate
from factory.teacher.prompts import ScorePrompt

WORDS = [
    "{",
    "}",
    '"',
    ":",
    "label",
    "text",
    "ham",
    "spam",
    "ph",
    "ish",
    "ing",
    "win",
    "hello",
    "you",
    "system",
    "user",
]
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ' : ' + message['content'] + ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant : ' }}{% endif %}"
)
TEXTS = ["hello you", "win win win", "hello", "you win hello you", "hello you hello you win"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A random Llama of two layers, whose tokenizer splits `phishing` into three."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    vocabulary = {word: number for number, word in enumerate(["<unk>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    pieces = Regex("ph|ish|ing|\\w+|[^\\w\\s]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pieces, behavior="removed", invert=True)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, initializer_range=0.6, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def three(task):
    return task.model_copy(update={"labels": {"ham": "hello you", "spam": "win", "phishing": "label"}})


def teacher(folder, **settings):
    return LanguageModel(LocalTeacher(local="./model", **settings), lambda: folder)


def score_plainly(folder, task, texts):
    """Return the probabilities the slow way: one whole forward pass for each label, no cache, no padding."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    for text in texts:
        messages = ScorePrompt(task).messages(text)
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + "Label:"
        start, scores = tokenizer(prompt).input_ids, []
        for name, meaning in task.labels.items():
            tokens = tokenizer(f" {name}: {meaning}").input_ids
            with torch.inference_mode():
                logits = model(torch.tensor([start + tokens])).logits[0].log_softmax(-1)
            scores.append(float(np.mean([logits[len(start) - 1 + n, token] for n, token in enumerate(tokens)])))
        yield [math.exp(score) / sum(map(math.exp, scores)) for score in scores]


def test_sharing_padding_and_batches_change_no_probability(folder, three):
    expected = [pytest.approx(row, abs=1e-4) for row in score_plainly(folder, three, TEXTS)]
    for batch_size in (1, 3):
        answers = teacher(folder, batch_size=batch_size, calibrate=False).label(TEXTS, three)
        assert [list(answer.probabilities.values()) for answer in answers] == expected


def test_the_label_is_the_most_probable_one_and_its_probability_the_confidence(folder, three):
    for answer in teacher(folder, calibrate=False).label(TEXTS, three):
        assert list(answer.probabilities) == three.names
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[answer.label]


def test_the_order_of_the_texts_and_repeated_ones_change_nothing(folder, three):
    forward = teacher(folder, calibrate=False).label(TEXTS, three)
    assert teacher(folder, calibrate=False).label([*TEXTS[::-1], TEXTS[0]], three) == [*forward[::-1], forward[0]]


def test_calibration_takes_out_what_all_texts_have_in_common(folder, three):
    texts = [" ".join(WORDS[11 + (n >> shift) % 3] for shift in range(5)) + f" {n}" for n in range(30)]
    raw = teacher(folder, calibrate=False).label(texts, three)
    calibrated = teacher(folder).label(texts, three)
    expected = calibrate(np.array([list(answer.probabilities.values()) for answer in raw]))
    found = [list(answer.probabilities.values()) for answer in calibrated]
    assert found == [pytest.approx(row, abs=1e-4) for row in expected.tolist()]
    assert len({answer.label for answer in calibrated}) > len({answer.label for answer in raw})


def test_too_few_texts_are_not_calibrated_on(folder, three, caplog):
    assert teacher(folder).label(TEXTS, three) == teacher(folder, calibrate=False).label(TEXTS, three)
    assert "5 texts are too few to calibrate on (30 are needed)" in caplog.text


def test_a_model_without_a_chat_template_is_asked_in_plain_text(folder, three, tmp_path):
    plain = shutil.copytree(folder, tmp_path / "plain", ignore=shutil.ignore_patterns("chat_template*"))
    answers, templated = (teacher(place, calibrate=False).label(TEXTS, three) for place in (plain, folder))
    assert all(answer.label in three.names for answer in answers)
    assert answers != templated


def test_no_texts_load_no_model(three):
    assert LanguageModel(LocalTeacher(local="x"), lambda: pytest.fail("looked up")).label([], three) == []


def test_its_identity_is_the_contents_of_the_model(folder, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert teacher(folder).identity == teacher(folder, batch_size=1).identity
    assert teacher(folder).identity != teacher(folder, calibrate=False).identity
    assert teacher(folder).identity != teacher(tmp_path).identity


def test_a_folder_without_a_language_model_is_named(tmp_path, task):
    with pytest.raises(TeacherError, match=r"no language model can be loaded .*causal language model"):
        teacher(tmp_path).label(["hi"], task)


def test_a_local_teacher_only_labels(folder, task):
    with pytest.raises(TeacherError, match="only labels; use a server to write texts"):
        teacher(folder).write(task, Generate(rows=1))


def test_a_pair_is_scored_as_both_texts_and_its_order_counts(folder, three):
    pairs = [("hello you", "win"), ("win", "hello you"), ("hello", "win win win")]
    task = three.model_copy(update={"kind": "pair", "text_pair": "another"})
    expected = [pytest.approx(row, abs=1e-4) for row in score_plainly(folder, task, pairs)]
    answers = teacher(folder, calibrate=False).label(pairs, task)
    assert [list(answer.probabilities.values()) for answer in answers] == expected
    assert answers[0] != answers[1]


def test_a_local_teacher_cannot_tell_how_many_labels_apply(folder, several):
    with pytest.raises(TeacherError, match="finds the one best label; use a server instead"):
        teacher(folder).label(["hi"], several)
