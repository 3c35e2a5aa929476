"""The part of gold that is set aside: by content alone, all of gold in one of the two, none of it in both."""

import pytest

from factory.data.development import is_development, part_gold
from factory.data.examples import Example, read_examples, write_examples
from factory.errors import DataError
from factory.store import Artifact

TEXTS = [f"gold text {number}" for number in range(400)]


def part(folder, texts, name, share=0.3):
    folder.mkdir()
    write_examples(folder / "gold.jsonl", [Example(text, "yes") for text in texts])
    (folder / name).mkdir()
    part_gold(Artifact(folder, "gold"), share, name, out=folder / name)
    return {row.text for row in read_examples(folder / name / "gold.jsonl")}


def test_each_row_is_in_one_part_and_other_rows_do_not_move_it(tmp_path):
    aside = part(tmp_path / "1", TEXTS, "development")
    reported = part(tmp_path / "2", TEXTS, "reported")
    assert aside | reported == set(TEXTS)
    assert not aside & reported
    assert 0.2 < len(aside) / len(TEXTS) < 0.4
    assert part(tmp_path / "3", TEXTS[:100], "development") == aside & set(TEXTS[:100])
    assert aside == {text for text in TEXTS if is_development(text, 0.3)}


@pytest.mark.parametrize(("name", "share"), [("development", 1e-9), ("reported", 1 - 1e-9)])
def test_gold_of_which_a_part_has_nothing_is_refused(tmp_path, name, share):
    with pytest.raises(DataError, match=r"all 400 gold rows .* change improve\.development"):
        part(tmp_path / "gold", TEXTS, name, share)
