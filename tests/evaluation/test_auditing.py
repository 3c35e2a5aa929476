"""A model that somebody published, on rows that somebody labelled."""

import json

import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from factory.cli import commands
from factory.errors import DataError
from factory.evaluation.auditing import audit_model

ROWS = [("fine day", "good"), ("fine soup", "good"), ("awful day", "bad"), ("awful, fine", "bad")]


@pytest.fixture
def model(tmp_path):
    """A linear model of two words, to which `fine` says more than `awful`."""
    import numpy

    folder = tmp_path / "model"
    folder.mkdir()
    arrays = {"idf": numpy.ones(2), "weights": numpy.array([[-1, 1], [2, -1]]), "biases": numpy.zeros(2)}
    save_file({name: array.astype("f4") for name, array in arrays.items()}, folder / "model.safetensors")
    (folder / "vocabulary.json").write_text(json.dumps(["awful", "fine"]))
    config = {"model_type": "hf-factory-linear", "token_pattern": r"\w+", "ngram_range": [1, 1], "text_pair": False}
    (folder / "config.json").write_text(json.dumps({**config, "id2label": {0: "good", 1: "bad"}}))
    return folder


@pytest.fixture
def write_gold(tmp_path):
    def write(rows, text="text", label="label"):
        path = tmp_path / "gold.jsonl"
        path.write_text("".join(json.dumps({text: row[0], label: row[1]}) + "\n" for row in rows))
        return path

    return write


def test_accuracy_is_told_with_its_interval(model, write_gold):
    gold = write_gold(ROWS)
    measured = audit_model(str(model), gold).gold
    assert (measured["rows"], measured["accuracy"]["value"]) == (4, 0.75)
    low, high = (100 * measured["accuracy"][name] for name in ("low", "high"))
    assert 0 <= low < 75 < high <= 100
    result = CliRunner().invoke(commands, ["audit", str(model), "--gold", str(gold)], catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0] == f"{model} on 4 gold rows, in per cent with 95 % intervals:"
    assert lines[1].split(maxsplit=1) == ["accuracy", f"75.0 [{low:.1f}, {high:.1f}]"]


def test_columns_may_have_other_names(model, write_gold):
    gold = write_gold(ROWS, "review", "verdict")
    found = audit_model(str(model), gold, text_column="review", label_column="verdict")
    assert found.as_json()["gold"]["accuracy"]["value"] == 0.75


def test_a_label_that_the_model_does_not_know_is_named_with_its_line(model, write_gold):
    with pytest.raises(DataError, match=r"gold\.jsonl:5: .*'great'.*"):
        audit_model(str(model), write_gold([*ROWS, ("great", "great")]))


def test_a_file_without_rows_has_no_score(model, write_gold):
    with pytest.raises(DataError, match=r"gold\.jsonl: has no rows; add some"):
        audit_model(str(model), write_gold([]))
