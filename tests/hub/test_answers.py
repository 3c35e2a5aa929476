"""What the files of a model say, recorded and asked again."""

from factory.data.examples import Example
from factory.hub.answers import as_answer, ask_file, read_recorded
from tests.hub.releases import RELEASE, TEXTS, write_model


def test_a_file_that_is_asked_again_says_what_was_recorded(tmp_path):
    write_model(tmp_path, RELEASE)
    recorded = [as_answer(row["predicted"]) for row in read_recorded(tmp_path)]
    assert ask_file(tmp_path, "safetensors", [Example(text) for text in TEXTS]) == recorded


def test_a_label_set_of_json_is_a_tuple():
    assert [as_answer(given) for given in ("good", ["good", "bad"], [])] == ["good", ("good", "bad"), ()]
