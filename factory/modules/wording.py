"""What a base model is shown with a prompt and without it, and the tokens by which its answer is read.

A label's verbaliser may have several tokens, and two may begin with the same one. So an answer is read at every
*node*: where verbalisers begin, and after each of their tokens but the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from factory.errors import TrainingError

Tokens = list[int]
Node = tuple[int, ...]  # the tokens of an answer that have been said


@dataclass(frozen=True)
class Wording:
    """A prompt, the frame of one text, and the verbalisers of the labels, as tokens of one base model.

    Every sequence begins with `start`, with the prompt or without it: what stands first attracts attention whatever
    it is, and should not differ between the two.
    """

    tokenizer: Any
    start: int
    prompt: Tokens
    frame: str
    answers: Mapping[str, Tokens]
    max_length: int

    @property
    def prefix(self) -> Tokens:
        """What every text is read after where the prompt is given."""
        return [self.start, *self.prompt]

    @cached_property
    def nodes(self) -> list[Node]:
        """The answers begun, at which the next token is read; the empty one first."""
        begun = {tuple(answer[:size]) for answer in self.answers.values() for size in range(len(answer))}
        return sorted(begun, key=lambda node: (len(node), node))

    @cached_property
    def passes(self) -> list[tuple[Node, list[Node]]]:
        """Answers begun that have to follow a text in a pass of their own, and the nodes that are read in it."""
        longest = [node for node in self.nodes if not any(_begins(node, other) for other in self.nodes)]
        seen: set[Node] = set()
        plan = []
        for node in longest:
            read = [node[:size] for size in range(len(node) + 1) if node[:size] not in seen]
            seen.update(read)
            plan.append((node, read))
        return plan

    def read(self, text: str) -> Tokens:
        """Return the tokens of one text in its frame; of a long text the first `max_length` tokens."""
        spans = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        kept = text[: spans[self.max_length - 1][1]] if len(spans) > self.max_length else text
        return list(self.tokenizer(self.frame.replace("{text}", kept), add_special_tokens=False).input_ids)


def word_prompt(tokenizer: Any, prompt: str, wording: Mapping[str, Any], labels: Sequence[str], place: str) -> Wording:
    """Return the tokens of a prompt and its answers; `wording` has input, verbalizers and max_length.

    Raises TrainingError, with `place` in front, where one verbaliser begins another or has no tokens.
    """
    start = next((it for it in (tokenizer.bos_token_id, tokenizer.eos_token_id) if it is not None), None)
    if start is None:
        raise TrainingError(
            f"{place}: the tokenizer has no token to begin with, bos or eos; choose another base model"
        )
    said = {label: wording["verbalizers"].get(label, f" {label}") for label in labels}
    answers = {label: _tokenize(tokenizer, text) for label, text in said.items()}
    for label, answer in answers.items():
        for other, longer in answers.items():
            if label != other and longer[: len(answer)] == answer:
                raise TrainingError(
                    f"{place}: {said[label]!r} for {label!r} begins {said[other]!r} for {other!r}, which could then "
                    f"never be told apart; give one of them another verbaliser"
                )
    return Wording(tokenizer, start, _tokenize(tokenizer, prompt), wording["input"], answers, wording["max_length"])


def check_length(wording: Wording, context: int, place: str) -> None:
    """Raise TrainingError where a prompt, the longest text and an answer do not fit into `context` tokens."""
    frame = len(_tokenize(wording.tokenizer, wording.frame.replace("{text}", "")))
    rest = frame + wording.max_length + max(map(len, wording.answers.values()))
    if len(wording.prefix) + rest > context:
        raise TrainingError(
            f"{place}: the prompt has {len(wording.prompt):,} tokens and a text with its answer up to {rest:,}, but "
            f"the base model reads {context:,} at most; shorten the prompt or lower `max_length`"
        )


def _tokenize(tokenizer: Any, text: str) -> Tokens:
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def _begins(node: Node, other: Node) -> bool:
    return len(node) < len(other) and other[: len(node)] == node
