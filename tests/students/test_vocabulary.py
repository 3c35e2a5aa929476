"""Cut tokenizers: the texts they were cut for keep their tokens, and others still have some."""

import json

import pytest

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.students.networks import tokenize
from factory.students.quiet import quiet_transformers
from factory.students.vocabulary import prune, prune_tokenizer
from tests.students.toy import toy_rows
from tests.tiny import WORDS, tiny_base

TEXTS = [*(row.text for row in toy_rows()), WORDS, " ".join("abcdefghijklmnopqrstuvwxyz,.!?0123456789")]
USED = [Example(text) for text in ("the soup was nice", "the movie was terrible, wonderful!", "was nice")]
UNSEEN = ["your yesterdays, urgently!", "sn0wstorm?", "emissions", "a"]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


@pytest.fixture(autouse=True)
def quiet():
    with quiet_transformers():
        yield


def word_pieces(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base(folder / "base"))


def bytes_in_pairs(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import RobertaTokenizer

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    settings = {"vocab_size": 600, "special_tokens": SPECIAL, "initial_alphabet": alphabet, "show_progress": False}
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(**settings))
    model = json.loads(tokenizer.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


def likely_pieces(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import XLMRobertaTokenizer

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    settings = {"vocab_size": 300, "special_tokens": SPECIAL[:4], "unk_token": "<unk>", "show_progress": False}
    tokenizer.train_from_iterator(TEXTS, trainers.UnigramTrainer(**settings))
    pieces = [tuple(piece) for piece in json.loads(tokenizer.to_str())["model"]["vocab"]]
    return XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])


@pytest.fixture(params=[word_pieces, bytes_in_pairs, likely_pieces])
def cut(request, tmp_path):
    """A tokenizer, the one cut from it, and the old ids of its tokens."""
    from transformers import AutoTokenizer

    tokenizer = request.param(tmp_path)
    tokenizer.model_max_length = 32
    kept = prune_tokenizer(tokenizer, USED, tmp_path / "cut")
    return tokenizer, AutoTokenizer.from_pretrained(tmp_path / "cut"), kept


def test_the_texts_keep_their_tokens(cut):
    whole, small, kept = cut
    assert len(small) == len(kept) < len(whole)
    for row in (*USED, Example("the soup", text_pair="was nice")):
        ours, theirs = tokenize(small, [row])[0], tokenize(whole, [row])[0]
        assert [kept[token] for token in ours["input_ids"]] == theirs["input_ids"]
        assert ours.get("token_type_ids") == theirs.get("token_type_ids")


def test_texts_never_seen_are_read_to_the_last_character(cut):
    whole, small, _ = cut
    for text in UNSEEN:
        tokens = small(text)["input_ids"]
        assert small.unk_token_id not in tokens
        assert small.decode(tokens) == whole.decode(whole(text)["input_ids"])


def test_characters_never_seen_are_no_error(cut):
    whole, small, _ = cut
    text = "Straße 東京 \U0001f355"
    unknown = [tokenizer(text)["input_ids"].count(tokenizer.unk_token_id) for tokenizer in (small, whole)]
    assert unknown[0] == unknown[1]


def test_every_token_keeps_its_name_and_special_ones_their_part(cut):
    whole, small, kept = cut
    assert small.convert_ids_to_tokens(range(len(kept))) == whole.convert_ids_to_tokens(kept)
    assert small.special_tokens_map == whole.special_tokens_map
    assert (small.model_max_length, small.backend_tokenizer.truncation) == (32, None)


def test_a_merge_is_kept_with_all_merges_before_it():
    model = {
        "type": "BPE",
        "vocab": {part: place for place, part in enumerate(["a", "b", "c", "ab", "abc", "bc", "ca"])},
    }
    merges = [["a", "b"], ["ab", "c"], ["b", "c"], ["c", "a"]]
    description = {"model": {**model, "merges": merges}, "added_tokens": [], "post_processor": None}
    small, kept = prune(description, [4])
    assert kept == [0, 1, 2, 3, 4]
    assert small["model"]["merges"] == [["a", "b"], ["ab", "c"]]


def test_ids_move_in_the_post_processor_too():
    template = {
        "type": "TemplateProcessing",
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
    }
    pair = {"type": "BertProcessing", "sep": ["[CLS]", 2], "cls": ["[CLS]", 2]}
    model = {"type": "WordPiece", "vocab": {"ab": 0, "a": 1, "[CLS]": 2}, "continuing_subword_prefix": "##"}
    processor = {"type": "Sequence", "processors": [template, pair]}
    small, kept = prune({"model": model, "added_tokens": [], "post_processor": processor}, [])
    assert kept == [1, 2]
    assert small["post_processor"]["processors"][0]["special_tokens"]["[CLS]"]["ids"] == [1]
    assert small["post_processor"]["processors"][1] == {
        "type": "BertProcessing",
        "sep": ["[CLS]", 1],
        "cls": ["[CLS]", 1],
    }


@pytest.mark.parametrize(
    "model",
    [
        {"type": "WordLevel", "vocab": {"a": 0}},
        {"type": "BPE", "vocab": {"a</w>": 0}, "merges": [], "end_of_word_suffix": "</w>"},
    ],
)
def test_other_kinds_are_refused(model):
    with pytest.raises(
        TrainingError, match=f"a {model['type']} tokenizer of this kind cannot be cut; set `vocabulary: all`"
    ):
        prune({"model": model, "added_tokens": [], "post_processor": None}, [0])
