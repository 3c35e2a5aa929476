from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BudgetError
from factory.recipe import Budget, Price
from factory.teacher import Usage
from factory.teacher.budget import Account
from factory.teacher.ledger import Cost, Ledger, Question, Result

PRICE = Price(input=1, output=4)  # dollars per million tokens


@pytest.fixture
def open_account(ledger):
    opened = []

    def open_account(recipe="r", price=PRICE, **caps):
        opened.append(Ledger(ledger))
        return Account(opened[-1], recipe, Budget(**caps), price, Usage())

    yield open_account
    for book in opened:
        book.close()


def question(key="k"):
    return Question(str(key), "r", "label", None, "m")


def pay(account, key, cost):
    bound = account.bound("x" * 100, 10)
    assert account.book(question(key), "x", bound)
    account.settle(question(key), bound, cost, Result("answered", "said"))


def test_a_budget_in_dollars_needs_a_price(open_account):
    with pytest.raises(BudgetError, match=r"needs a price; add `teacher\.price"):
        open_account(price=None, dollars=1)


def test_the_bound_is_a_token_for_each_byte_and_all_that_may_be_answered(open_account):
    assert open_account().bound("ab\u00e9", 10) == Cost(1, 4, 10, (4 * 1 + 10 * 4) / 1e6)


def test_a_call_that_could_exceed_the_budget_waits_while_others_are_in_flight(open_account):
    account = open_account(tokens=200)
    bound = account.bound("x" * 100, 10)
    assert account.book(question(1), "x", bound)
    assert not account.book(question(2), "x", bound)
    account.settle(question(1), bound, account.cost(20, 5), Result("answered"))
    assert account.book(question(2), "x", bound)


@pytest.mark.parametrize(
    ("caps", "unit", "spent"),
    [
        ({"calls": 1}, "calls", "1 calls of 1 calls"),
        ({"tokens": 120}, "tokens", "45 tokens of 120 tokens"),
        ({"dollars": 0.00015}, "dollars", r"\$6e-05 of \$0\.00015"),
    ],
)
def test_a_spent_budget_says_what_was_kept_what_is_missing_and_how_to_go_on(open_account, caps, unit, spent):
    account = open_account(**caps)
    pay(account, "paid", account.cost(40, 5))
    account.left = 9
    with pytest.raises(BudgetError, match=f"^the budget of 'r' is used up: {spent} are spent") as error:
        account.book(question("next"), "x", account.bound("x" * 100, 10))
    assert "1 answers are kept, 9 are missing" in str(error.value)
    assert f"raise `budget.{unit}` to about" in str(error.value)
    assert "run again" in str(error.value)


def test_the_advice_is_enough_to_go_on(open_account):
    account = open_account(tokens=120)
    pay(account, "paid", account.cost(40, 5))
    account.left = 9
    with pytest.raises(BudgetError) as error:
        account.book(question("next"), "x", account.bound("x" * 100, 10))
    raised = int(str(error.value).split("to about ")[1].split()[0])
    richer = open_account(tokens=raised)
    for number in range(9):
        pay(richer, number, richer.cost(40, 5))


def test_a_budget_counts_over_runs_and_for_each_recipe_alone(open_account):
    pay(open_account(calls=1), "a", Cost(1, 1, 1, 0))
    with pytest.raises(BudgetError):
        open_account(calls=1).book(question("b"), "x", Cost(1))
    assert open_account(recipe="other", calls=1).book(Question("b", "other", "label", None, "m"), "x", Cost(1))


def test_two_processes_cannot_overspend_together(open_account):
    mine, other = open_account(calls=2), open_account(calls=2)
    assert mine.book(question("a"), "x", Cost(1))
    assert other.book(question("b"), "x", Cost(1))
    assert not mine.book(question("c"), "x", Cost(1))
    assert not other.book(question("d"), "x", Cost(1))


def test_a_budget_can_be_used_up_to_the_last_cent(open_account):
    account = open_account(dollars=0.0003, price=Price(input=1, output=0))
    for number in range(3):
        pay(account, number, account.cost(100, 0))
    assert account.ledger.spent("r").dollars == pytest.approx(0.0003)


def test_a_server_that_counts_more_than_the_bound_is_believed_from_then_on(open_account):
    account = open_account()
    pay(account, 1, account.cost(170, 25))
    assert account.bound("x" * 100, 10) == account.cost(170, 25)


CALL = st.tuples(st.integers(0, 100), st.integers(0, 20))  # bytes, max_tokens
CAPS = st.fixed_dictionaries(
    {},
    optional={"calls": st.integers(0, 9), "tokens": st.integers(0, 500), "dollars": st.floats(0, 1e-3)},
)


@settings(deadline=None, max_examples=60)
@given(st.lists(CALL, max_size=25), CAPS, st.data())
def test_no_order_of_calls_and_answers_ever_exceeds_the_budget(calls, caps, data):
    ledger = Ledger(Path(":memory:"))
    account = Account(ledger, "r", Budget(**caps), PRICE, Usage())
    in_flight = {}
    try:
        for number, (size, max_tokens) in enumerate(calls):
            bound = account.bound("x" * size, max_tokens)
            try:
                if account.book(question(number), "x", bound):
                    in_flight[number] = bound
            except BudgetError:
                assert not in_flight
            if in_flight and data.draw(st.booleans()):
                done = data.draw(st.sampled_from(sorted(in_flight)))
                bound = in_flight.pop(done)
                told = data.draw(st.integers(0, bound.input_tokens)), data.draw(st.integers(0, bound.output_tokens))
                account.settle(question(done), bound, account.cost(*told), Result("answered"))
            spent = ledger.spent("r")
            for unit, cap in caps.items():
                assert getattr(spent, unit) <= cap + 1e-9
    finally:
        ledger.close()
