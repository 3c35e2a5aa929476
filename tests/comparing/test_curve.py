import pytest

from factory.comparing.curve import Part, trace_curve
from factory.comparing.rendering import render_curve
from tests.comparing.invented import invent_answers, invent_student, invent_truth

TRUTH = invent_truth(2_000)


def parts_of(name, shares, *, price=0.001):
    """A student that is right in a share of rows by how many it was trained on."""
    return [
        Part(run=run, rows=rows, dollars=price and rows * price)
        for rows, share in shares.items()
        for run in invent_student(name, share, TRUTH, salt=rows)
    ]


GROWING = {100: 0.6, 200: 0.7, 400: 0.8}


def test_a_curve_has_a_point_for_each_number_of_rows_and_its_price():
    curve = trace_curve(parts_of("base", GROWING)[::-1])
    (student,) = curve["students"]
    assert [(point["rows"], point["dollars"]) for point in student["points"]] == [(100, 0.1), (200, 0.2), (400, 0.4)]
    for point, share in zip(student["points"], GROWING.values(), strict=True):
        assert point["seeds"] == [0, 1, 2]
        assert point["gold"]["accuracy"]["value"] == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("last", "verdict"), [(0.8, "supported"), (0.6, "not supported")])
def test_the_last_step_says_whether_more_rows_still_help(last, verdict):
    step = trace_curve(parts_of("base", {200: 0.7, 400: last}))["students"][0]["last_step"]
    assert (step["from"], step["to"], step["verdict"]) == (200, 400, verdict)
    assert step["difference"] == pytest.approx(last - 0.7, abs=0.03)
    assert step["sentence"].startswith(
        "news, base: from 200 to 400 rows, for $0.20 more, macro-F1 on gold changes by "
    )


def test_without_a_price_no_dollars_are_named():
    curve = trace_curve(parts_of("base", GROWING, price=None))
    assert "$" not in render_curve(curve)


def test_a_single_point_is_no_curve_yet():
    assert trace_curve(parts_of("base", {100: 0.6}))["students"][0]["last_step"] is None


def test_the_page_shows_every_point_the_teacher_and_the_last_step():
    curve = trace_curve([*parts_of("base", GROWING), *parts_of("words", GROWING)], invent_answers(TRUTH, 0.9))
    text = render_curve(curve)
    assert text.count("words  ") == 3
    assert "teacher" in text
    assert text.count("More rows still help: supported.") == 2
    assert "### news, 2,000 gold rows" in render_curve(curve, "markdown")
