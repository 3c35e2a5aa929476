"""What a base model is shown, and the tokens by which it is read."""

import pytest

from factory.errors import TrainingError
from factory.modules.reading import load_base, load_tokenizer, read_nodes, read_prefix, score_labels
from factory.modules.wording import check_length, word_prompt
from tests.modules.llama import PROMPT

ASKED = {"input": "{text}\nVerdict:", "verbalizers": {}, "max_length": 8}


@pytest.fixture(scope="module")
def tokenizer(made_of):
    return load_tokenizer(made_of["base"].path, "test")


def word(tokenizer, labels, **verbalizers):
    return word_prompt(tokenizer, PROMPT, {**ASKED, "verbalizers": verbalizers}, labels, "students: toy")


def test_labels_of_one_token_are_read_at_one_place(tokenizer):
    wording = word(tokenizer, ["yes", "no"])
    assert wording.nodes == [()]
    assert wording.passes == [((), [()])]


def test_labels_that_begin_alike_are_read_after_what_they_share(tokenizer):
    wording = word(tokenizer, ["phishing", "phing", "yes"])
    (ph,) = {answer[0] for label, answer in wording.answers.items() if label != "yes"}
    ish = wording.answers["phishing"][1]
    assert wording.nodes == [(), (ph,), (ph, ish)]
    assert wording.passes == [((ph, ish), [(), (ph,), (ph, ish)])]


@pytest.mark.parametrize("with_prompt", [True, False])
def test_a_label_scores_the_log_probability_of_all_its_tokens(made_of, tokenizer, with_prompt):
    import torch

    network, wording = load_base(made_of["base"].path, "test"), word(tokenizer, ["phishing", "phing", "yes"])
    texts = [wording.read(text) for text in ("the pizza was great", "nice dog")]
    with torch.inference_mode():
        prefix = read_prefix(network, wording) if with_prompt else None
        found = score_labels(wording, read_nodes(network, wording, texts, prefix))
        for row, text in zip(found, texts, strict=True):
            begin = [*(wording.prefix if with_prompt else [wording.start]), *text]
            for score, answer in zip(row, wording.answers.values(), strict=True):
                read = network(torch.tensor([begin + answer])).logits[0].log_softmax(-1)
                plain = sum(read[len(begin) - 1 + place, token] for place, token in enumerate(answer))
                assert float(score) == pytest.approx(float(plain), abs=1e-4)


def test_a_long_text_is_cut_within_its_frame(tokenizer):
    wording = word(tokenizer, ["yes", "no"])
    long, short = wording.read("pizza " * 20), wording.read("pizza " * 8)
    assert long == short
    assert tokenizer.decode(long).endswith("Verdict :")


def test_a_verbaliser_that_begins_another_is_refused(tokenizer):
    with pytest.raises(TrainingError, match="' yes' for 'yes' begins ' yes now' for 'yes now'"):
        word(tokenizer, ["yes", "yes now"])


def test_a_prompt_longer_than_the_context_is_refused_in_one_sentence(tokenizer):
    wording = word(tokenizer, ["yes", "no"])
    check_length(wording, 64, "students: toy")
    with pytest.raises(TrainingError, match="the prompt has 29 tokens and a text with its answer up to 12"):
        check_length(wording, 40, "students: toy")
