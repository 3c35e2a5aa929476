from __future__ import annotations

import pytest

from factory.errors import DataError
from factory.teacher.json_lines import iter_json_lines


@pytest.fixture
def file(tmp_path):
    return tmp_path / "rows.jsonl"


def test_each_line_has_its_place_and_blank_ones_are_left_out(file):
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n \n"\xe2\x80\xa8"\n')
    assert list(iter_json_lines(file, DataError, "mend it")) == [(f"{file}:1", {"a": 1}), (f"{file}:3", "\u2028")]


@pytest.mark.parametrize("line", ["no JSON", '{"a": ', "[" * 100_000])
def test_a_line_that_is_no_json_is_named_with_the_remedy(file, line):
    file.write_text(f'{{"a": 1}}\n{line}\n')
    with pytest.raises(DataError, match=r"rows\.jsonl:2: not a JSON object \(.*\); mend it$"):
        list(iter_json_lines(file, DataError, "mend it"))


def test_a_file_that_is_no_text_or_is_not_there_is_named(file):
    with pytest.raises(DataError, match=r"rows\.jsonl: cannot be read \(.*\); mend it$"):
        list(iter_json_lines(file, DataError, "mend it"))
    file.write_bytes(b"\xff")
    with pytest.raises(DataError, match="cannot be read"):
        list(iter_json_lines(file, DataError, "mend it"))
