"""What the page of a module says of its making."""

import pytest

from factory.modules.patching import TEXTS
from factory.release.module_cards import describe_training
from tests.modules.llama import SETTINGS


def test_a_card_tells_on_how_many_texts_the_closed_form_was_computed():
    run = SETTINGS.model_copy(update={"form": "activation-patch"})
    facts = {"student": run.model_dump(mode="json"), "rows": {"train": 400}}
    assert f"the tokens of {TEXTS} training texts" in describe_training(facts)
    assert "the tokens of 12 training texts" in describe_training({**facts, "rows": {"train": 12}})


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("all-linear", "The weights of all linear layers were"),
        (["q_proj", "v_proj"], "The weights of q_proj, v_proj were"),
    ],
)
def test_a_card_names_the_layers_whose_weights_were_trained(chosen, told):
    run = SETTINGS.model_copy(update={"adapter": "full", "target_modules": chosen, "lr": 5e-5})
    facts = {"student": run.model_dump(mode="json"), "rows": {"train": 400}, "steps": 100}
    assert describe_training(facts).startswith(told)
