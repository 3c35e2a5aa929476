"""Score answers as continuations of a prompt by a causal language model; the one module here that imports torch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from factory.errors import TeacherError

Tokens = list[int]


class AnswerScorer:
    """A model and its tokenizer, on a GPU if there is one."""

    def __init__(self, folder: Path, batch_size: int) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.batch_size = batch_size
        self.device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        dtype = torch.float32 if self.device == "cpu" else "auto"
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self.model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=dtype)
        except (OSError, ValueError) as fault:
            said = " ".join(str(fault).split())[:200]
            remedy = "`teacher.local` needs a transformers causal language model"
            raise TeacherError(f"{folder}: no language model can be loaded ({said}); {remedy}") from fault
        self.model.to(self.device).eval()

    def tokenize(self, messages: list[dict[str, str]], begin: str) -> Tokens:
        """Return the tokens of a conversation whose answer begins with `begin`."""
        if self.tokenizer.chat_template:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + begin
        else:
            text = "\n\n".join(message["content"] for message in messages) + "\n\n" + begin
        return list(self.tokenizer(text, add_special_tokens=not self.tokenizer.chat_template).input_ids)

    def score(self, prompts: Sequence[Tokens], answers: Sequence[str]) -> Tensor:
        """Return the mean log-probability of the tokens of each answer after each prompt: (prompts, answers).

        What all prompts begin with is computed once; they are taken in the order given, so equal lengths should be
        neighbours.
        """
        continuations = [list(self.tokenizer(answer, add_special_tokens=False).input_ids) for answer in answers]
        shared = _shared_length(prompts)
        with torch.inference_mode():
            prefix = self._read_prefix(prompts[0][:shared]) if shared else None
            scores = [self._score_batch(batch, continuations, prefix, shared) for batch in self._batches(prompts)]
        return torch.cat(scores).double().cpu()

    def _batches(self, prompts: Sequence[Tokens]) -> Iterator[Sequence[Tokens]]:
        for start in range(0, len(prompts), self.batch_size):
            yield prompts[start : start + self.batch_size]

    def _read_prefix(self, tokens: Tokens) -> Any:
        inputs = torch.tensor([tokens])
        return self._forward(inputs, None, torch.ones_like(inputs)).past_key_values

    def _score_batch(self, prompts: Sequence[Tokens], answers: list[Tokens], prefix: Any, shared: int) -> Tensor:
        """Prompts are padded on the left of what follows the shared part; each answer is then tried and taken back."""
        cache = copy.deepcopy(prefix)
        if cache is not None:
            cache.batch_repeat_interleave(len(prompts))
        rest = [prompt[shared:] for prompt in prompts]
        width = max(map(len, rest))
        padding = torch.tensor([width - len(tokens) for tokens in rest])
        inputs = torch.tensor([[0] * (width - len(tokens)) + tokens for tokens in rest])
        seen = (torch.arange(width) >= padding[:, None]).long()
        mask = torch.cat([torch.ones(len(rest), shared, dtype=torch.long), seen], dim=1)
        output = self._forward(inputs, cache, mask)
        first = output.logits[:, -1].float().log_softmax(-1)
        columns = [self._score_answer(answer, first, output.past_key_values, mask) for answer in answers]
        return torch.stack(columns, dim=1)

    def _score_answer(self, answer: Tokens, first: Tensor, cache: Any, mask: Tensor) -> Tensor:
        total = first[:, answer[0]]
        if len(answer) > 1:
            head = torch.tensor([answer[:-1]]).expand(len(mask), -1)
            longer = torch.cat([mask, torch.ones_like(head)], dim=1)
            logits = self._forward(head, cache, longer, head.shape[1]).logits.float().log_softmax(-1)
            cache.crop(-head.shape[1])
            total = total + sum(logits[:, place, token] for place, token in enumerate(answer[1:]))
        return total / len(answer)

    def _forward(self, inputs: Tensor, cache: Any, mask: Tensor, logits_to_keep: int = 1) -> Any:
        places = (mask.cumsum(1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
        given = {"input_ids": inputs, "attention_mask": mask, "position_ids": places}
        on_device = {name: value.to(self.device) for name, value in given.items()}
        return self.model(**on_device, past_key_values=cache, use_cache=True, logits_to_keep=logits_to_keep)


def _shared_length(prompts: Sequence[Tokens]) -> int:
    """Return how many tokens all prompts begin with, leaving each at least one of its own."""
    alike = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*prompts, strict=False))
    return min(sum(1 for _ in alike), min(map(len, prompts)) - 1)
