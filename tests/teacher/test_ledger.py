from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import StoreError
from factory.teacher.ledger import Cost, Ledger, Question, Result, summarise

ROOT = Path(__file__).parents[2]
BOUND = Cost(1, 100, 10, 0.5)


def question(key, recipe="r", subject=None):
    return Question(key, recipe, "label", subject, "asked")


def ask(ledger, key, outcome="answered", cost=Cost(1, 40, 5, 0.25), recipe="r", **facts):  # noqa: B008 - frozen
    ledger.book(question(key, recipe, facts.pop("subject", None)), "{}", BOUND, lambda: True)
    ledger.settle(question(key, recipe), cost - BOUND, Result(outcome, **{"reply": "said", **facts}))


@pytest.fixture
def opened(ledger):
    book = Ledger(ledger)
    yield book
    book.close()


@pytest.mark.parametrize("outcome", ["answered", "cut off", "filtered", "refused"])
def test_an_answer_that_was_paid_for_is_found_again(opened, outcome):
    ask(opened, "k", outcome)
    assert list(opened.find(["k", "other"])) == [("k", "said")]
    assert opened.kept("r") == 1


@pytest.mark.parametrize("outcome", ["failed: broken answer", "stopped the run", "interrupted"])
def test_what_is_no_answer_is_not_found(opened, outcome):
    ask(opened, "k", outcome)
    assert list(opened.find(["k"])) == []
    assert opened.kept("r") == 0


def test_a_call_in_flight_is_spent_at_its_upper_bound_until_it_is_settled(opened):
    opened.book(question("k"), "{}", BOUND, lambda: True)
    assert opened.spent("r") == BOUND
    opened.settle(question("k"), Cost(1, 40, 5, 0.25) - BOUND, Result("answered"))
    assert opened.spent("r") == Cost(1, 40, 5, 0.25)


def test_a_call_that_is_not_allowed_leaves_no_trace(opened):
    assert not opened.book(question("k"), "{}", BOUND, lambda: False)
    assert opened.spent("r") == Cost()


def test_attempts_at_one_question_add_up_and_an_estimate_stays_marked(opened, ledger):
    ask(opened, "k", "failed: no answer in 1 s", BOUND, estimated=True)
    ask(opened, "k", "answered", Cost(1, 40, 5, 0.25))
    assert opened.spent("r") == Cost(2, 140, 15, 0.75)
    assert sqlite3.connect(ledger).execute("SELECT attempts, estimated FROM calls").fetchall() == [(2, 1)]


def test_each_recipe_pays_for_its_own_attempts_at_the_same_question(opened):
    ask(opened, "k", "failed: broken answer", recipe="one")
    ask(opened, "k", "answered", recipe="two")
    assert opened.spent("one") == opened.spent("two") == Cost(1, 40, 5, 0.25)
    assert dict(opened.find(["k"])) == {"k": "said"}


def test_more_keys_than_one_statement_holds_are_found(opened):
    for number in range(3):
        ask(opened, f"k{number * 700}")
    assert len(list(opened.find([f"k{number}" for number in range(2000)]))) == 3


def test_the_summary_adds_up_calls_tokens_dollars_and_models(opened, ledger):
    ask(opened, "a", answered_by="echoed")
    ask(opened, "b", "failed: broken answer")
    ask(opened, "b", answered_by="echoed")
    ask(opened, "c", recipe="other")
    opened.count_served("r", 2)
    opened.count_served("r", 3)
    sums = {"calls": 3, "retries": 1, "estimated": 0, "input_tokens": 120, "output_tokens": 15, "dollars": 0.75}
    assert summarise(ledger, "r") == {
        **sums,
        "cached": 5,
        "by_model": {"echoed": sums},
        "by_recipe": {"r": {"echoed": sums}},
    }
    assert summarise(ledger)["calls"] == 4
    assert set(summarise(ledger)["by_model"]) == {"echoed", "asked"}
    assert [(name, *models) for name, models in summarise(ledger)["by_recipe"].items()] == [
        ("other", "asked"),
        ("r", "echoed"),
    ]


def test_questions_whose_tokens_a_server_did_not_tell_are_counted(opened, ledger):
    ask(opened, "a", cost=BOUND, estimated=True)
    ask(opened, "b")
    assert summarise(ledger)["estimated"] == 1


def test_a_ledger_that_is_not_there_yet_is_empty_and_is_not_made(ledger):
    assert summarise(ledger, "r")["calls"] == 0
    assert summarise(ledger)["by_model"] == {}
    assert not ledger.exists()


def test_the_replies_about_one_text_are_found_by_its_id(opened):
    ask(opened, "k", subject="0123456789abcdef", answered_by="echoed")
    (row,) = opened.replies("0123456789abcdef")
    assert (row["reply"], row["request"], row["model"], row["outcome"]) == ("said", "{}", "echoed", "answered")


def test_a_ledger_of_a_newer_version_is_refused(ledger):
    Ledger(ledger).close()
    connection = sqlite3.connect(ledger)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="written by a newer version"):
        Ledger(ledger)


def test_a_file_that_is_no_ledger_is_named_with_a_remedy(tmp_path):
    path = tmp_path / "teacher.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at " * 40)
    with pytest.raises(StoreError, match=r"teacher\.sqlite: the ledger cannot be used .*FACTORY_HOME"):
        Ledger(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="the ledger cannot be used"):
        Ledger(tmp_path / "file" / "teacher.sqlite")


WRITER = """
import sys
from pathlib import Path
from tests.teacher.test_ledger import ask
from factory.teacher.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for number in range(100):
    ask(ledger, f"{sys.argv[2]}-{number}")
"""


def test_processes_that_write_together_lose_nothing(ledger):
    command = [sys.executable, "-c", WRITER, str(ledger)]
    writers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert summarise(ledger, "r")["calls"] == 200
