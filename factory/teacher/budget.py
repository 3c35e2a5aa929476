"""A budget that is a contract: what the next call could cost at most is set aside before it is sent.

How the upper bound is known without a tokenizer: a token is at least one byte of the request, and an answer has at
most `max_tokens`. A server that counts more than that (a long chat template, thoughts outside `max_tokens`) is
believed, and later bounds grow by the surprise; the first call goes alone, so that this costs one surprise at most.

An answer whose tokens a server does not tell stays at its bound. Its length would be no bound: thoughts are billed as
output and often not shown, and no tokenizer can count what was not sent. What it took by its length is told beside
(`factory.teacher.forecast.estimate_untold`), so that who looks at the bill knows how much of it is caution.
"""

from __future__ import annotations

import math

from factory.errors import BudgetError
from factory.recipe import Budget, Price
from factory.teacher import Usage
from factory.teacher.ledger import Cost, Ledger, Question, Result

ROUNDING = 1e-12  # dollars; sums of floats must not refuse the last call of a budget that is used up exactly


class Account:
    """What one recipe may still spend; the ledger keeps the book, and `usage` what this run adds to it.

    Raises BudgetError for a budget in dollars without a price.
    """

    def __init__(self, ledger: Ledger, recipe: str, budget: Budget, price: Price | None, usage: Usage) -> None:
        if budget.dollars is not None and price is None:
            raise BudgetError(
                "a budget in dollars needs a price; add `teacher.price: {input: ..., output: ...}` in dollars per "
                "million tokens"
            )
        self.ledger = ledger
        self.recipe = recipe
        self.usage = usage
        self.left = 0  # questions without an answer, for the advice in the message
        self._budget = budget
        self._price = price
        self._more_input = 0
        self._more_output = 0
        self._in_flight = 0
        self._version = -1
        self._spent = Cost()

    def bound(self, request: str, max_tokens: int) -> Cost:
        """Return the most that sending `request` could cost."""
        return self.cost(len(request.encode()) + self._more_input, max_tokens + self._more_output)

    def cost(self, input_tokens: int, output_tokens: int) -> Cost:
        """Return the cost of a call with these tokens at the teacher's price."""
        return price_tokens(self._price, 1, input_tokens, output_tokens)

    def charge(self, tokens: tuple[int, int] | None, bound: Cost) -> Cost:
        """Return what a call did cost: these tokens in and out, or its bound where the server did not tell them."""
        return self.cost(*tokens) if tokens else bound

    def book(self, question: Question, request: str, bound: Cost) -> bool:
        """Set `bound` aside and return True, or return False if it must wait for calls in flight to be settled.

        Raises BudgetError when there is nothing to wait for.
        """
        if self._in_flight and self._lacks(bound):
            return False
        if self.ledger.book(question, request, bound, lambda: self._is_fine(bound)):
            self._spent += bound
            self._in_flight += 1
            return True
        if lacking := not self._in_flight and self._lacks(bound):
            raise BudgetError(self._explain(lacking, bound))
        return False

    def settle(self, question: Question, bound: Cost, cost: Cost, result: Result) -> None:
        """Replace what was set aside by what it did cost, and keep the result."""
        self._in_flight -= 1
        self.ledger.settle(question, cost - bound, result)
        self._spent += cost - bound
        self._more_input += max(0, cost.input_tokens - bound.input_tokens)
        self._more_output += max(0, cost.output_tokens - bound.output_tokens)
        self.usage.calls += cost.calls
        self.usage.input_tokens += cost.input_tokens
        self.usage.output_tokens += cost.output_tokens
        self.usage.dollars += cost.dollars

    def _is_fine(self, bound: Cost) -> bool:
        """Ask again while the ledger is locked: another process may have spent since."""
        version = self.ledger.version()
        if version != self._version:
            self._version, self._spent = version, self.ledger.spent(self.recipe)
        return self._lacks(bound) is None

    def _lacks(self, bound: Cost) -> str | None:
        return find_exceeded(self._budget, self._spent + bound)

    def _explain(self, unit: str, bound: Cost) -> str:
        spent, cap, next_call = getattr(self._spent, unit), self._budget.caps[unit], getattr(bound, unit)
        need = spent + next_call + max(self.left - 1, 0) * (spent / self._spent.calls if spent else next_call)
        kept = self.ledger.kept(self.recipe)
        return (
            f"the budget of {self.recipe!r} is used up: {_show(spent, unit)} of {_show(cap, unit)} are spent and the "
            f"next call could take {_show(next_call, unit)}; {kept} answers are kept, {self.left} are missing: raise "
            f"`budget.{unit}` to about {_round_up(need, unit)} and run again, or go on with what is answered: "
            "--set budget.when_spent=continue"
        )


def price_tokens(price: Price | None, calls: int, input_tokens: int, output_tokens: int) -> Cost:
    """Return what these calls and tokens cost; dollars are 0 without a price."""
    dollars = (input_tokens * price.input + output_tokens * price.output) / 1e6 if price else 0.0
    return Cost(calls, input_tokens, output_tokens, dollars)


def find_exceeded(budget: Budget, total: Cost) -> str | None:
    """Return a unit of which `total` is more than `budget` allows; None if it is within."""
    caps = budget.caps.items()
    return next((unit for unit, cap in caps if cap is not None and getattr(total, unit) > cap + ROUNDING), None)


def _show(amount: float | None, unit: str) -> str:
    return f"${amount:.6g}" if unit == "dollars" else f"{amount} {unit}"


def _round_up(amount: float, unit: str) -> str:
    if unit != "dollars":
        return str(math.ceil(amount))
    digits = 2 - math.ceil(math.log10(amount)) if amount > 0 else 2
    return f"{math.ceil(amount * 10**digits) / 10**digits:g}"
