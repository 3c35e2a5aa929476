"""Calls that a card shows, as code, and what they return: a held-out row and what the model said of it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from factory.data.examples import Example
from factory.evaluation.markdown import Markdown
from factory.release.contents import Contents
from factory.release.samples import choose_samples

MAX_SCORES = 3
Json = dict[str, Any]


def show_calls(contents: Contents, student: str) -> Json:
    """Return a row as `pipeline` and as `factory.load` take it, and what each gives: one that it got right, if any.

    Keys: `given`, `answer`, `applying` (the labels at or above their thresholds), `given_light`, `answer_light`.
    """
    said, rows = contents.predictions[student], contents.splits["held_out"]
    right = [row for row in rows if said[row.id]["answer"] == row.answer]
    if contents.is_multi_label:
        right = [row for row in right if row.labels] or right
    (row,) = choose_samples(right or rows, contents.recipe.task.names, 1)
    answer, score = said[row.id]["answer"], said[row.id]["score"]
    if contents.is_multi_label:
        ranked = sorted(score.items(), key=lambda item: -item[1])
        some = [_answer(*item) for item in ranked[:MAX_SCORES]] + (["..."] if len(ranked) > MAX_SCORES else [])
        applying = [_answer(label, value) for label, value in ranked if label in answer]
        shown = {
            "answer": _list(some),
            "answer_light": f"[{_list(applying)}]",
            "applying": _list(literal(label) for label, _ in ranked if label in answer),
        }
    else:
        one = _answer(answer, score)
        shown = {"answer": one if contents.is_pair else f"[{one}]", "answer_light": f"[{one}]", "applying": ""}
    shown |= {"given": _for_pipeline(row), "given_light": _for_load(row)}
    return {name: Markdown(text) for name, text in shown.items()}


def literal(text: str) -> str:
    """Return a Python string that stands in a block of code: no control character, and nothing that ends the block."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(_spelled(character) for character in shown)


def _for_pipeline(row: Example) -> str:
    if row.text_pair is None:
        return literal(row.text)
    return f'{{"text": {literal(row.text)}, "text_pair": {literal(row.text_pair)}}}'


def _for_load(row: Example) -> str:
    return literal(row.text) if row.text_pair is None else f"({literal(row.text)}, {literal(row.text_pair)})"


def _answer(label: str, score: float) -> str:
    return f'{{"label": {literal(label)}, "score": {score:.2f}}}'


def _list(items: Any) -> str:
    return f"[{', '.join(items)}]"


def _spelled(character: str) -> str:
    if character != "`" and (character == " " or unicodedata.category(character)[0] not in "CZ"):
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
