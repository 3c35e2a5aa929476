"""Read how probable each label was out of the log-probabilities that a server tells of every token.

At the place where the label begins, the server names the most probable tokens. One that fits a single label gives it
all of its probability; where several do, those that cover most of the label count, because a model that means a label
says it in its longest tokens, and a single letter may begin any word. A token that several labels begin with is
followed for as long as the server went that way, and the probabilities along it are multiplied. What is left went to
other words, or to a shared beginning that was not followed: nothing of it is given to any label, so that the sum is
below one by just that much.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

LABEL_VALUE = re.compile(r'"label"\s*:\s*"')
Step = tuple[str, dict[str, float]]  # a token that was given, and the probability of each that could have been


def read_probabilities(body: str, names: Sequence[str]) -> dict[str, float] | None:
    """Return the probability of each label, whose sum is at most 1; None where the server told nothing of use.

    `body` is a chat completion with `logprobs`. Its answer is a JSON object with a key "label"; of several, the last.
    """
    steps = _read_steps(body)
    text = "".join(token for token, _ in steps)
    places = list(LABEL_VALUE.finditer(text))
    if not places:
        return None
    endings = {name: json.dumps(name, ensure_ascii=False)[1:].casefold() for name in names}
    shares = dict.fromkeys(names, 0.0)
    for name, share in _follow(list(_from(steps, places[-1].end())), endings):
        shares[name] += share
    return {name: round(min(share, 1.0), 6) for name, share in shares.items()} if any(shares.values()) else None


def _read_steps(body: str) -> list[Step]:
    try:
        content = json.loads(body)["choices"][0]["logprobs"]["content"]
        return [(str(item["token"]), dict(_alternatives(item))) for item in content]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return []


def _alternatives(item: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield every token told of at one place once; the one that was given may be missing among the most probable."""
    for told in (item, *(item.get("top_logprobs") or [])):
        yield str(told["token"]), math.exp(min(float(told["logprob"]), 0.0))


def _from(steps: Sequence[Step], start: int) -> Iterator[Step]:
    """Yield the steps from character `start` on; of one that begins before it, what is behind."""
    place = 0
    for token, alternatives in steps:
        cut = max(start - place, 0)
        place += len(token)
        if place > start:
            head = token[:cut]
            yield token[cut:], {other[cut:]: share for other, share in alternatives.items() if other[:cut] == head}


def _follow(steps: Sequence[Step], endings: dict[str, str], share: float = 1.0) -> Iterator[tuple[str, float]]:
    """Yield labels with a share each; `endings` is what is still to come of each label, with its closing quote."""
    if not steps:
        return
    (given, alternatives), *rest = steps
    found: dict[str, dict[int, float]] = {name: {} for name in endings}
    for token, probability in alternatives.items():
        said = token.casefold()
        fitting = {name: left for name, left in endings.items() if left.startswith(said) or said.startswith(left)}
        if len(fitting) == 1:
            ((name, left),) = fitting.items()
            covered = min(len(said), len(left) - 1)  # with its closing quote it is no more of a label
            found[name][covered] = found[name].get(covered, 0.0) + share * probability
        elif fitting and token == given and said:
            yield from _follow(rest, {name: left[len(said) :] for name, left in fitting.items()}, share * probability)
    yield from ((name, shares[max(shares)]) for name, shares in found.items() if shares)
