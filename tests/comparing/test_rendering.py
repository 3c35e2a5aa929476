import json

import pytest
from markdown_it import MarkdownIt

from factory.comparing.comparison import compare
from factory.comparing.rendering import count, method_of, render, summarise
from tests.comparing.invented import invent_answers, invent_run, invent_student, invent_truth

TRUTH = invent_truth()
MINUS, PLUS_MINUS = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"


def some_runs(seeds=3):
    return [
        *invent_student("base", 0.9, TRUTH, salt=1, seeds=seeds),
        *invent_student("small", 0.7, TRUTH, salt=2, seeds=seeds, method="lora", init="pissa", lr=5e-4),
        *invent_student("words", 0.6, TRUTH, salt=3, seeds=seeds, method="linear", lr=None, base_model=""),
    ]


@pytest.fixture(scope="module")
def comparison():
    return compare(some_runs(), teachers={"news": invent_answers(TRUTH, 0.9, seed=8)})


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_a_terminal_shows_scores_with_spread_and_interval_and_costs(comparison):
    scores, costs = lines_of(render(comparison), "small ")
    found = comparison["tasks"][0]["students"][1]["gold"]["macro_f1"]
    value, sd, low, high = (f"{100 * found[name]:.1f}" for name in ("value", "sd", "low", "high"))
    assert "lora (pissa)  0.0005" in scores
    assert f"{value} {PLUS_MINUS} {sd} [{low}, {high}]" in scores
    assert costs.split() == ["small", "mini", "3", "1k", "1k", "10", "30", "5.0", "MB", "4.0", "MB"]


def test_the_teacher_stands_among_the_students_with_its_rows(comparison):
    (line,) = lines_of(render(comparison), "teacher")
    assert "on 400 rows" in line


def test_the_reference_and_what_was_not_measured_show_a_dash(comparison):
    scores, _ = lines_of(render(comparison), "base ")
    assert scores.split().count("-") == 3
    assert " -  " in lines_of(render(comparison), "words ")[0]


def test_json_is_the_comparison_itself(comparison):
    assert json.loads(render(comparison, "json")) == comparison


def test_markdown_has_two_tables_a_task_and_every_sentence(comparison):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(render(comparison, "markdown"))
    assert html.count("<table>") == 2
    assert html.count("<h3>news, 400 gold rows</h3>") == 1
    for claim in comparison["claims"]:
        assert claim["sentence"] in html


def test_the_summary_is_one_table_with_a_row_for_each_student(comparison):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(summarise(comparison))
    assert html.count("<table>") == 1
    assert html.count("<tr>") == 1 + 3
    assert comparison["claims"][0]["sentence"] in html


def test_the_summary_of_several_tasks_has_the_claims_over_all_of_them():
    other = [invent_run(**{**vars(run), "task": "mail"}) for run in some_runs(seeds=1)]
    found = compare([*some_runs(seeds=1), *other], teachers=dict.fromkeys(("news", "mail"), TRUTH))
    assert [line[:17] for line in lines_of(summarise(found), "- ")] == ["- Mean of 2 tasks"]


def test_of_one_seed_nothing_is_said_of_spread():
    text = render(compare(some_runs(seeds=1)))
    assert PLUS_MINUS not in text
    assert "interval over gold rows, paired" in text


@pytest.mark.parametrize("form", ["human", "markdown"])
def test_a_hostile_name_cannot_leave_its_cell(form):
    truth = TRUTH[:50]
    text = render(compare([invent_run("a|b\n<b>\x1b[31m", truth=truth, predicted=truth, task="x\n# y")]), form)
    assert "\x1b" not in text
    assert "\n# y" not in text
    assert form == "human" or "<b>" not in text


def test_large_numbers_are_short():
    assert [count(number) for number in (7, 999, 1_000, 454_123, 22_713_216, 1.5e9)] == [
        "7",
        "999",
        "1k",
        "454k",
        "22.7M",
        "1.5B",
    ]


def test_a_method_names_its_start_where_that_is_not_the_default():
    starts = ({"method": "lora", "init": init} for init in ("", "default", "eva"))
    assert [method_of(student) for student in starts] == ["lora", "lora", "lora (eva)"]
