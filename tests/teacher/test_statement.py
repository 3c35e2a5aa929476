from __future__ import annotations

from factory.recipe import Price
from factory.teacher.statement import write_statement

PAID = {"calls": 3, "retries": 1, "estimated": 1, "input_tokens": 120, "output_tokens": 15, "dollars": 0.75}
SUMMARY = PAID | {"cached": 5, "by_model": {"m": PAID}, "by_recipe": {"sms": {"m": PAID}, "a long name": {"m": PAID}}}
SUMMARY["untold"] = None


def test_a_statement_has_sums_and_a_line_for_each_recipe_and_model():
    sums, lines = write_statement(SUMMARY).split("\n\n")
    assert dict(line.rsplit(maxsplit=1) for line in sums.splitlines())["estimated"] == "1"
    assert lines.splitlines() == [
        "recipe       model  calls  retries  estimated  input tokens  output tokens  dollars",
        "sms          m          3        1          1           120             15     0.75",
        "a long name  m          3        1          1           120             15     0.75",
    ]


def test_answers_without_tokens_are_told_with_what_they_took_by_their_length():
    untold = {"answers": 2, "booked_tokens": 900, "likely_tokens": 130}
    assert "untold         2 answers: 900 tokens at most, about 130 by length\n" in write_statement(
        SUMMARY | {"untold": untold}
    )
    assert "untold" not in write_statement(SUMMARY)


def test_the_price_is_stated_with_its_date():
    dated = write_statement(SUMMARY, Price(input=0.15, output=0.6, date="2026-11-01"))
    assert "price          $0.15 in, $0.6 out per million tokens, as of 2026-11-01\n" in dated
    assert "per million tokens\n" in write_statement(SUMMARY, Price(input=1, output=2))


def test_nothing_asked_has_no_table():
    nothing = dict.fromkeys(PAID, 0) | {"cached": 0, "by_model": {}, "by_recipe": {}, "untold": None}
    assert "recipe" not in write_statement(nothing)
