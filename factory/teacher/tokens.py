"""About how many tokens a request and its answer have, without a tokenizer.

A token is four bytes of UTF-8 (close for European languages, and for others within a factor of two), each message has
4 more, an answer with a label has 12, a reason 60, and a text yet to be written 40. It is what to expect, not a bound;
the bound is the budget.
"""

from __future__ import annotations

from typing import Any

from factory.recipe import HttpTeacher

BYTES_PER_TOKEN = 4
TYPICAL_TEXT_TOKENS = 40
TOKENS_PER_MESSAGE = 4
LABEL_ANSWER_TOKENS = 12
REASON_TOKENS = 60


def estimate_tokens(request: dict[str, Any]) -> int:
    """Return about how many tokens the messages of a request have."""
    return sum(count_tokens(message["content"]) + TOKENS_PER_MESSAGE for message in request["messages"])


def answer_tokens(settings: HttpTeacher) -> int:
    """Return about how many tokens an answer with a label has."""
    return LABEL_ANSWER_TOKENS + (REASON_TOKENS if settings.reason else 0)


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
