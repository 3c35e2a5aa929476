"""A teacher that is a base model with a prompt of the user's: what a module is distilled from, for any student."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.recipe import LocalTeacher, Task
from factory.store import digest_of, hash_file, hash_files
from factory.teacher.local import LanguageModel

if TYPE_CHECKING:
    import numpy as np

    from factory.data.examples import Text


class PromptedModel(LanguageModel):
    """Labels with a causal language model after the prompt in a file, by the log-probabilities of its verbalisers."""

    def __init__(self, settings: LocalTeacher, find_folder: Callable[[], Path], prompt: Path) -> None:
        super().__init__(settings, find_folder)
        self._prompt = prompt

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The model's files, the prompt, and how it is read."""
        asked = self._settings.model_dump(mode="json", include={"calibrate", "input", "verbalizers", "max_length"})
        return {"local": digest_of(hash_files(self.folder)), **asked, "prompt": hash_file(self._prompt)}

    def _score(self, texts: list[Text], task: Task) -> np.ndarray[Any, np.dtype[np.float64]]:
        import torch

        from factory.modules.reading import load_base, read_all, read_prefix, score_labels
        from factory.modules.targets import context_of, open_wording
        from factory.modules.wording import check_length

        words = open_wording(self.folder, self._prompt, self._settings.model_dump(), task)
        network = load_base(self.folder, "teacher.local")
        check_length(words, context_of(network), "teacher.prompt")
        prefix, found = read_prefix(network, words), torch.zeros(len(texts), len(task.labels), dtype=torch.float64)
        tokens = [words.read(str(text)) for text in texts]
        for places, read in read_all(network, words, tokens, prefix, self._settings.batch_size):
            found[places] = score_labels(words, read).double()
        return found.softmax(-1).numpy()
