import re

import pytest

from factory.comparing.comparison import compare
from factory.comparing.curve import Part, trace_curve
from factory.comparing.results import read_results, write_curve, write_results
from tests.comparing.invented import invent_run, invent_student, invent_truth

TRUTH = invent_truth(100)
WORDS = {"method": "linear", "lr": None}
RUNS = [
    *invent_student("base", 0.8, TRUTH),
    *[invent_run(**{**vars(run), "task": "mail"}) for run in invent_student("words", 0.7, TRUTH, **WORDS)],
]


@pytest.fixture
def folder(tmp_path):
    write_results(compare(RUNS), tmp_path / "results")
    return tmp_path / "results"


def test_what_is_written_is_read_back(folder):
    assert read_results(folder) == compare(RUNS)


def test_there_is_a_picture_for_whatever_there_is_to_see(folder):
    assert {path.name for path in folder.iterdir()} == {
        "results.json",
        "table.md",
        "learning-rates-news.svg",
        "sizes-news.svg",
        "sizes-mail.svg",
    }


def test_the_page_shows_every_picture(folder):
    shown = re.findall(r"!\[.+?\]\((.+?)\)", (folder / "table.md").read_text())
    assert sorted(shown) == sorted(path.name for path in folder.glob("*.svg"))


def test_equal_comparisons_give_equal_files(folder, tmp_path):
    write_results(compare(RUNS[::-1]), tmp_path / "again")
    for name in ("learning-rates-news.svg", "sizes-news.svg", "sizes-mail.svg"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_curve_is_numbers_a_page_and_a_picture(tmp_path):
    parts = [Part(run, rows, None) for rows in (50, 100) for run in invent_student("base", 0.8, TRUTH, salt=rows)]
    write_curve(trace_curve(parts), tmp_path / "results")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"curve.json", "curve.md", "curve.svg"}
    assert "](curve.svg)" in (tmp_path / "results" / "curve.md").read_text()
