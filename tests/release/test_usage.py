import ast
import json
import re

import pytest

from factory.data.examples import Example
from tests.release.test_cards import FENCE, cards


def calls(releases, case):
    """Return the blocks of code of the model's card, and what its predictions file says of each held-out row."""
    folder = releases[case] / "model-minilm"
    lines = [json.loads(line) for line in (folder / "eval" / "predictions.jsonl").read_text().splitlines()]
    said = {line["id"]: line for line in lines if line["set"] == "test" and line["format"] == "safetensors"}
    return FENCE.findall(cards(releases[case])["model-minilm"]), said


def given(block):
    """Return what the call of a card is given."""
    (call,) = re.findall(r"classify\((.*?)(?:, top_k=None)?\)\n", block)
    return ast.literal_eval(call)


def test_a_pair_is_given_by_name_to_a_pipeline_and_as_a_tuple_to_the_light_loader(releases):
    (heavy, light), said = calls(releases, "pairs")
    pair = given(heavy)
    assert list(pair) == ["text", "text_pair"]
    assert given(light) == tuple(pair.values())
    line = said[Example(pair["text"], text_pair=pair["text_pair"]).id]
    assert f'# {{"label": "{line["predicted"]}", "score": {line["score"]:.2f}}}' in heavy


def test_the_answer_shown_is_what_the_model_said_of_that_text(releases):
    (heavy, _), said = calls(releases, "human-gold")
    line = said[Example(given(heavy)).id]
    assert f'# [{{"label": "{line["predicted"]}", "score": {line["score"]:.2f}}}]' in heavy
    assert line["predicted"] == line["expected"]


def test_labels_that_apply_are_those_at_their_thresholds(releases):
    (heavy, _), said = calls(releases, "multi-label")
    line = said[Example(given(heavy)).id]
    shown = [ast.literal_eval(row[2:]) for row in heavy.splitlines() if row.startswith("# ")]
    assert {answer["label"]: answer["score"] for answer in shown[0]} == pytest.approx(line["score"], abs=0.006)
    assert sorted(shown[1]) == sorted(line["predicted"])
    assert shown[1]
