"""How much may be written, so that the same budget can be expected to pay for the labels too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory.errors import BudgetError
from factory.recipe import Budget, Generate, HttpTeacher, Task
from factory.teacher.budget import find_exceeded, price_tokens
from factory.teacher.ledger import Cost
from factory.teacher.prompts import LabelPrompt, WritePrompt
from factory.teacher.requests import label_request, write_request
from factory.teacher.tokens import BYTES_PER_TOKEN, TYPICAL_TEXT_TOKENS, answer_tokens, estimate_tokens
from factory.teacher.writing import Wish


def limit_wishes(
    plan: Sequence[list[Wish]], settings: HttpTeacher, task: Task, generate: Generate, budget: Budget
) -> list[list[Wish]]:
    """Return those of the planned calls, evenly among the labels, whose texts can be labelled within `budget`.

    It goes by what is expected, for the budget as a whole: what has been spent does not matter, so that a run that is
    repeated does the same. Raises BudgetError when not even one call fits.
    """
    wishes = sorted((wish for chain in plan for wish in chain), key=lambda wish: wish.sample)
    fitting = {wish.sample for wish in _fitting(wishes, settings, task, generate, budget)}
    if not fitting:
        raise BudgetError("the budget is too small to write texts and label them; raise it")
    return [[wish for wish in chain if wish.sample in fitting] for chain in plan]


def _fitting(
    wishes: Sequence[Wish], settings: HttpTeacher, task: Task, generate: Generate, budget: Budget
) -> Iterator[Wish]:
    writing, labelling = WritePrompt(task, generate), LabelPrompt(task, reason=settings.reason)
    text = "x" * BYTES_PER_TOKEN * TYPICAL_TEXT_TOKENS
    label_input = estimate_tokens(label_request(settings, labelling, text))
    total = Cost()
    for wish in wishes:
        labels = wish.order.count * settings.samples
        written = TYPICAL_TEXT_TOKENS * wish.order.count
        request = write_request(settings, writing, generate, wish, [])
        input_tokens = estimate_tokens(request) + labels * label_input
        total += price_tokens(settings.price, 1 + labels, input_tokens, written + labels * answer_tokens(settings))
        if find_exceeded(budget, total):
            return
        yield wish
