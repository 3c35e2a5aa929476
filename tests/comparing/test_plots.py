import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from factory.comparing.comparison import compare
from factory.comparing.curve import Part, trace_curve
from factory.comparing.plots import LINE_HEIGHT, _spread, save_curve, save_learning_rates, save_sizes
from tests.comparing.invented import invent_answers, invent_run, invent_student, invent_truth

TRUTH = invent_truth(200)
SEARCHED = [
    invent_run(truth=[], predicted=[], lr=lr, seed=seed, validation=0.7 + 100 * lr + seed / 100)
    for lr in (1e-5, 2e-5)
    for seed in range(3)
]
RUNS = [
    *SEARCHED,
    *invent_student("base", 0.8, TRUTH, validation=0.9),
    *invent_student("words", 0.7, TRUTH, method="linear", lr=None, bytes=400_000, base_model=""),
    *invent_student("twin", 0.8, TRUTH, salt=3, method="lora", lr=5e-4),
]
TASK = compare(RUNS, teachers={"news": [*TRUTH[:100], *[None] * 100]})["tasks"][0]
PRICED, UNPRICED = (
    trace_curve(
        [
            Part(run, rows, price and rows * price)
            for rows in (50, 100)
            for run in invent_student("base", 0.5 + rows / 400, TRUTH, salt=rows)
        ],
        invent_answers(TRUTH, 0.9),
    )
    for price in (0.001, None)
)
PICTURES = [(save_learning_rates, TASK), (save_sizes, TASK), (save_curve, PRICED), (save_curve, UNPRICED)]


def written(path):
    """What a picture says: matplotlib writes each text as a comment beside its outlines."""
    return re.findall(r"<!-- (.*?) -->", path.read_text())


@pytest.mark.parametrize(("save", "content"), PICTURES)
def test_equal_numbers_give_equal_bytes_without_a_date(save, content, tmp_path):
    save(content, tmp_path / "one.svg")
    save(content, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert "<dc:date>" not in (tmp_path / "one.svg").read_text()
    assert ElementTree.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")


def test_learning_rates_are_marked_and_every_student_is_named(tmp_path):
    save_learning_rates(TASK, tmp_path / "rates.svg")
    found = written(tmp_path / "rates.svg")
    assert {"1e-5", "2e-5", "5e-5", "5e-4", "base", "twin", "words", "news"} <= set(found)
    assert {"peak learning rate", "macro-F1 on validation rows (%)"} <= set(found)


def test_sizes_are_marked_in_megabytes_and_the_teacher_says_on_which_rows(tmp_path):
    save_sizes(TASK, tmp_path / "sizes.svg")
    found = written(tmp_path / "sizes.svg")
    assert {"0.4", "4", "size of the weights (MB)", "teacher, on 100 of 200 rows", "base", "words"} <= set(found)


def test_a_curve_has_a_panel_for_dollars_only_where_they_are_known(tmp_path):
    save_curve(PRICED, tmp_path / "priced.svg")
    save_curve(UNPRICED, tmp_path / "unpriced.svg")
    dollars = "teacher's answers (US dollars)"
    assert {"training rows", dollars, "50", "100", "0.05", "0.10"} <= set(written(tmp_path / "priced.svg"))
    assert "training rows" in written(tmp_path / "unpriced.svg")
    assert dollars not in written(tmp_path / "unpriced.svg")


def test_a_name_with_formulas_is_written_as_it_is(tmp_path):
    save_sizes({**TASK, "name": "costs $x^2$ and $\\bad$"}, tmp_path / "sizes.svg")
    assert "costs $x^2$ and $\\bad$" in written(tmp_path / "sizes.svg")


def test_names_of_close_points_stand_a_line_apart_in_their_order():
    spread = _spread([0.5, 0.5, 0.51, 0.9])
    gaps = [after - before for before, after in pairwise(spread)]
    assert min(gaps) >= LINE_HEIGHT - 1e-9
    assert spread[3] == 0.9


def test_a_png_can_be_written_too(tmp_path):
    save_sizes(TASK, tmp_path / "sizes.png")
    assert (tmp_path / "sizes.png").read_bytes().startswith(b"\x89PNG")
