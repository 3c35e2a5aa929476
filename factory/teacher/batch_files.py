"""Questions and answers as files that a provider works through in its own time, for part of the price.

One JSON object a line, in the form that OpenAI gave its batches: a request is `custom_id`, `method`, `url` and `body`;
a result is `custom_id` and `response` (`status_code`, `body`) or `error`. `custom_id` is the question's key.

A budget counts results when they are imported, not questions when they are exported: whether a file is ever sent, and
how often, only its owner knows. Between the two nothing else should be paid for out of the same budget.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from factory.data.examples import Text
from factory.errors import DataError, TeacherError
from factory.recipe import HttpTeacher, Recipe
from factory.teacher import Usage
from factory.teacher.budget import Account, find_exceeded
from factory.teacher.forecast import estimate
from factory.teacher.json_lines import iter_json_lines
from factory.teacher.ledger import Cost, Ledger, Result
from factory.teacher.questions import Planned, Questions, find_servers
from factory.teacher.requests import find_replies
from factory.teacher.wire import Fault, read_reply

URL = "/v1/chat/completions"
MAX_QUESTIONS = 50_000  # in one file, as providers take it
Json = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """How many questions were written and what they will take, and how many others the budget or the file left out."""

    written: int
    left_out: int
    expected: Cost


@dataclass(frozen=True)
class Imported:
    """How many results are answers, how many failed, and how many were in the ledger before."""

    answered: int
    failed: int
    known: int


def export_questions(recipe: Recipe, texts: Sequence[Text], ledger: Path, file: Path, model: str | None) -> Exported:
    """Write the questions that have no answer yet, as many as the budget allows at their upper bounds.

    `model` chooses one of several servers. Raises TeacherError where there is none or it is not told which.
    """
    settings = _choose_server(recipe, model)
    with closing(Ledger(ledger)) as book:
        questions = [one for one in Questions(recipe, settings, book).plan(texts) if not one.is_answered]
        account = _open_account(book, recipe, settings)
        chosen = list(islice(_within_budget(questions, account, recipe), MAX_QUESTIONS))
    if chosen:
        lines = (json.dumps(_as_request(one), ensure_ascii=False) + "\n" for one in chosen)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="\n") as opened:
            opened.writelines(lines)
    priced = settings.model_copy(update={"price": settings.price and settings.price.in_batches()})
    return Exported(len(chosen), len(questions) - len(chosen), estimate(priced, chosen))


def import_answers(recipe: Recipe, texts: Sequence[Text], ledger: Path, file: Path) -> Imported:
    """Keep the results in `file` as if the calls had been made, at the batch price; a result is never kept twice.

    Raises DataError with file:line, before anything is kept, for a line that is no result or not of this recipe.
    """
    counts = {"answered": 0, "failed": 0, "known": 0}
    with closing(Ledger(ledger)) as book:
        asked = {one.question.key: (one, settings) for settings in find_servers(recipe)
                 for one in Questions(recipe, settings, book).plan(texts)}  # fmt: skip
        rows = list(_read_results(file, asked, recipe))
        for key, row in rows:
            planned, settings = asked[key]
            counts[_keep(book, _open_account(book, recipe, settings), planned, row)] += 1
    return Imported(**counts)


def _choose_server(recipe: Recipe, model: str | None) -> HttpTeacher:
    servers = find_servers(recipe)
    named = [settings for settings in servers if model in (None, settings.model)]
    if len(named) == 1:
        return named[0]
    if not servers:
        raise TeacherError(f"{recipe.path}: no teacher is a server, so that there is nobody to send questions to")
    names = ", ".join(settings.model for settings in servers)
    raise TeacherError(f"{recipe.path}: its servers are {names}; name one of them with --model")


def _open_account(ledger: Ledger, recipe: Recipe, settings: HttpTeacher) -> Account:
    price = settings.price and settings.price.in_batches()
    return Account(ledger, recipe.name, recipe.budget, price, Usage())


def _within_budget(questions: Sequence[Planned], account: Account, recipe: Recipe) -> Iterator[Planned]:
    total = account.ledger.spent(recipe.name)
    for one in questions:
        total += account.bound(_as_text(one), one.request["max_tokens"])
        if find_exceeded(recipe.budget, total):
            return
        yield one


def _as_text(planned: Planned) -> str:
    return json.dumps(planned.request, ensure_ascii=False)


def _as_request(planned: Planned) -> Json:
    return {"custom_id": planned.question.key, "method": "POST", "url": URL, "body": planned.request}


def _read_results(file: Path, asked: dict[str, Any], recipe: Recipe) -> Iterator[tuple[str, Json]]:
    for place, row in iter_json_lines(file, DataError, "name the file as the provider gave it"):
        key = row.get("custom_id") if isinstance(row, dict) else None
        if not isinstance(key, str) or not (row.get("response") or row.get("error")):
            raise DataError(f"{place}: no result of a batch; a line needs `custom_id` and `response` or `error`")
        if not isinstance(row.get("response") or {}, dict):
            raise DataError(f"{place}: its `response` is no object; name the file as the provider gave it")
        if key not in asked:
            remedy = "import it with the recipe, unchanged, that the questions were exported from"
            raise DataError(
                f"{place}: custom_id {key[:16]!r} is no question of {recipe.name!r} as it stands; {remedy}"
            )
        yield key, row


def _keep(ledger: Ledger, account: Account, planned: Planned, row: Json) -> str:
    """Write one result down; return whether it was answered, failed or known."""
    question, request = planned.question, _as_text(planned)
    bound = account.bound(request, planned.request["max_tokens"])
    cost, result = _judge(account, bound, row)
    if any(find_replies(ledger, [question.key])) or ledger.has(question, result.reply or ""):
        return "known"
    ledger.book(question, request, cost, lambda: True)
    ledger.settle(question, Cost(), result)
    return "failed" if result.outcome.startswith("failed") else "answered"


def _judge(account: Account, bound: Cost, row: Json) -> tuple[Cost, Result]:
    """Return what a result has cost, and what came of it; one that is an error has cost nothing."""
    response = row.get("response") or {}
    body = json.dumps(response.get("body") or row.get("error"))  # ASCII: half a character can be kept only so
    if row.get("error") or response.get("status_code", 200) != 200:
        return Cost(), Result(f"failed: batch (HTTP {response.get('status_code', 'none')})", body)
    try:
        reply = read_reply(body)
    except Fault as fault:
        result = Result(f"failed: {fault.reason}", body, None, fault.tokens is None)
        return account.charge(fault.tokens, bound), result
    return account.charge(reply.tokens, bound), Result(reply.outcome, body, reply.model, reply.tokens is None)
