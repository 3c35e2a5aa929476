"""The static student: a vector for each token and a regression, read by numpy and tokenizers alone."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers

from factory.errors import DataError, HubError
from factory.recipe_students import Static
from factory.students.bags import VectorReader, read_arrays
from factory.students.loading import load_folder
from factory.students.static import distil_vectors, train_static
from tests.students.lessons import multi_label_lesson, pair_lesson, single_lesson
from tests.tiny import tiny_base

STUDENT = Static(name="tiny", method="static", base_model="acme/tiny", max_length=16)
ODD = ["", " ", "soup  soup\tsoup\n!", "don't (stop)-it...", "qqq [UNK] [SEP]", "É great", "日本 soup", "the " * 40]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def single(base, tmp_path_factory):
    """The facts and the folder of a student that was trained on reviews."""
    folder = tmp_path_factory.mktemp("static")
    fitted = train_static(single_lesson(STUDENT, folder, base))
    fitted.save(folder / "model")
    return fitted.facts, folder / "model"


def test_it_learns_and_says_what_it_found(single):
    facts, folder = single
    assert facts["macro_f1"] > 0.6  # from random vectors; one label for all would give 0.33
    assert facts["parameters"] == sum(array.size for array in read_arrays(folder / "model.safetensors").values())
    assert [answer["label"] for answer in load_folder(folder)(["the soup was great", "a poor book"])] == ["yes", "no"]


def test_a_text_is_the_scaled_sum_of_the_vectors_of_its_tokens(single):
    _, folder = single
    arrays, tokenizer = read_arrays(folder / "model.safetensors"), Tokenizer.from_file(str(folder / "tokenizer.json"))
    classify = load_folder(folder)
    for text in ODD:
        tokens = tokenizer.encode(text, add_special_tokens=False).ids[:16]
        total = arrays["vectors"][tokens].sum(axis=0)
        logits = total / max(np.linalg.norm(total), 1e-9) @ arrays["weights"] + arrays["biases"]
        expected = np.exp(logits) / np.exp(logits).sum()
        assert classify.scores(text)[0] == pytest.approx(expected, abs=1e-5)


def test_a_text_gets_the_same_answer_alone_and_in_company(single):
    classify, texts = load_folder(single[1]), [f"the {word} soup {number}" for word in "abc" for number in range(50)]
    alone = np.concatenate([classify.scores(text) for text in texts])
    assert np.abs(classify.scores(texts) - alone).max() < 1e-6


def test_words_are_kept_only_where_spaces_part_them(single):
    tokenizer = Tokenizer.from_file(str(single[1] / "tokenizer.json"))
    vectors = read_arrays(single[1] / "model.safetensors")["vectors"]
    by_words = VectorReader(tokenizer, vectors, 16)(ODD)
    whole = Tokenizer.from_str(tokenizer.to_str())
    whole.normalizer = normalizers.Sequence([tokenizer.normalizer])
    whole.pre_tokenizer = pre_tokenizers.Sequence([tokenizer.pre_tokenizer])
    assert np.array_equal(VectorReader(whole, vectors, 16)(ODD), by_words)


def test_equal_lessons_give_equal_bytes(single, base, tmp_path):
    train_static(single_lesson(STUDENT, tmp_path, base)).save(tmp_path / "model")
    for file in single[1].iterdir():
        assert file.read_bytes() == (tmp_path / "model" / file.name).read_bytes()


def test_distilling_is_silent_and_its_vectors_are_small(base, capfd):
    tokenizer, vectors = distil_vectors(base)
    assert capfd.readouterr() == ("", "")
    assert vectors.dtype == np.float16
    assert len(vectors) == tokenizer.get_vocab_size()
    assert not vectors[tokenizer.token_to_id("[UNK]")].any()


def test_several_labels_and_pairs_are_read(base, tmp_path):
    train_static(multi_label_lesson(STUDENT, tmp_path, base)).save(tmp_path / "topics")
    both, none = load_folder(tmp_path / "topics")(["the pizza was lovely", "the book was awful"])
    assert {answer["label"] for answer in both} == {"food", "praise"}
    assert none == []
    train_static(pair_lesson(STUDENT, tmp_path, base)).save(tmp_path / "same")
    classify = load_folder(tmp_path / "same")
    pairs = [("the soup was wonderful", "so great"), ("the soup was wonderful", "so terrible")]
    assert [answer["label"] for answer in classify(pairs)] == ["same", "other"]


def test_a_pair_is_refused_by_a_model_of_single_texts(single):
    with pytest.raises(DataError, match="text 2 is a pair, but the model reads one text; give a list"):
        load_folder(single[1])(["soup", ("soup", "pizza")])


def test_files_that_do_not_fit_together_are_refused(single, tmp_path):
    for file in single[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "text_pair": True}))
    with pytest.raises(HubError, match=r"is damaged or incomplete \(its parts do not fit together\)"):
        load_folder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(HubError, match=r"tokenizer\.json: there is no such file"):
        load_folder(tmp_path)
