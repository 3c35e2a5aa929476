"""Layers and tokens of a network as a smaller network."""

import pytest

from factory.errors import TrainingError
from factory.recipe_students import Shrink
from factory.students.layers import choose_layers, copy_layers, draw_layers
from factory.students.quiet import quiet_transformers

SHAPE = {
    "vocab_size": 40, "hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 4,
    "max_position_embeddings": 32, "num_labels": 3, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
    "cls_token_id": 0, "sep_token_id": 2,
}  # fmt: skip
TOKENS = [0, 1, 2, *range(5, 40, 3)]
IDS, MASK = [[0, 5, 7, 9, 2, 1], [0, 6, 7, 8, 9, 2]], [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]]


@pytest.fixture(autouse=True)
def quiet():
    with quiet_transformers():
        yield


def network(kind, **settings):
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **{**SHAPE, **settings})
    return AutoModelForSequenceClassification.from_config(config).eval()


def logits(network, tokens=None):
    import torch

    ids = torch.tensor(IDS)
    with torch.inference_mode():
        return network.eval()(
            input_ids=torch.tensor(tokens)[ids] if tokens else ids, attention_mask=torch.tensor(MASK)
        ).logits


def shrink(layers):
    return Shrink(name="s", method="shrink", base_model="acme/tiny", layers=layers)


@pytest.mark.parametrize(
    ("asked", "count", "chosen"),
    [
        (3, 12, [3, 7, 11]), (3, 6, [1, 3, 5]), (4, 6, [0, 2, 3, 5]), (2, 2, [0, 1]), (1, 6, [5]), ([0, 5], 6, [0, 5]),
    ],
)  # fmt: skip
def test_layers_are_evenly_spaced_with_the_last_among_them(asked, count, chosen):
    assert choose_layers(shrink(asked), count) == chosen


@pytest.mark.parametrize("asked", [7, [6], [3, 1], [1, 1]])
def test_layers_that_are_not_there_are_refused(asked):
    with pytest.raises(
        TrainingError, match=r"s: layers is .*, but the larger network has layers 0 to 5; ask for at most 6"
    ):
        choose_layers(shrink(asked), 6)


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet", "electra", "deberta-v2", "modernbert", "llama"])
def test_kept_tokens_have_the_logits_of_the_larger_network(kind):
    import torch

    larger = network(kind)
    assert torch.equal(logits(copy_layers(larger, range(4), TOKENS)), logits(larger, TOKENS))


def test_copied_layers_are_those_of_the_larger_network():
    import torch

    larger = network("bert")
    smaller = copy_layers(larger, [1, 3], range(40))
    assert smaller.config.num_hidden_layers == 2
    for ours, theirs in ((0, 1), (1, 3)):
        pairs = zip(
            smaller.bert.encoder.layer[ours].parameters(), larger.bert.encoder.layer[theirs].parameters(), strict=True
        )
        assert all(torch.equal(one, other) for one, other in pairs)
    assert torch.equal(smaller.classifier.weight, larger.classifier.weight)


def test_the_control_has_the_shape_and_none_of_the_weights():
    import torch

    larger = network("bert")
    copied, drawn = copy_layers(larger, [1, 3], TOKENS), draw_layers(larger, [1, 3], TOKENS, is_pooled=False)
    ours, theirs = copied.state_dict(), drawn.state_dict()
    assert {name: weight.shape for name, weight in ours.items()} == {
        name: weight.shape for name, weight in theirs.items()
    }
    assert not any(torch.equal(weight, theirs[name]) for name, weight in ours.items() if name.endswith("query.weight"))


def test_the_control_pools_as_the_larger_network_does():
    import torch

    from factory.students.pooling import add_mean_pooling

    larger = network("bert")
    add_mean_pooling(larger)
    drawn = draw_layers(larger, [1, 4], TOKENS, is_pooled=True)
    assert drawn.config.num_hidden_layers == len(drawn.bert.encoder.layer) == 2
    pairs = zip(drawn.bert.encoder.layer[1].parameters(), larger.bert.encoder.layer[4].parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_special_tokens_of_the_configuration_move_with_their_tokens():
    config = copy_layers(network("bert"), [0], [0, 2, 5]).config
    assert (config.vocab_size, config.bos_token_id, config.eos_token_id) == (3, 0, 1)


def test_kinds_of_layers_follow_the_layers_that_are_kept():
    larger = network("modernbert", global_attn_every_n_layers=3)
    kinds = copy_layers(larger, [0, 1, 3], TOKENS).config.layer_types
    assert kinds == ["full_attention", "sliding_attention", "full_attention"]


def test_layers_that_differ_by_place_are_refused():
    with pytest.raises(
        TrainingError, match=r"layers \[1, 3\] of a modernbert cannot take the place of the first ones"
    ):
        copy_layers(network("modernbert"), [1, 3], TOKENS)


def test_a_family_without_a_list_of_layers_is_refused():
    with pytest.raises(TrainingError, match="a network of the kind albert has no list of layers"):
        copy_layers(network("albert", embedding_size=8), [0], TOKENS)
