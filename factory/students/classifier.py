"""What `factory.load` gives: texts in, labels and their scores out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import Text
from factory.errors import DataError

DEFAULT_THRESHOLD = 0.5
Scores = NDArray[np.float32]
Given = Text | Mapping[str, str]
Answer = dict[str, Any]


class Classifier:
    """Gives each text the most likely of `labels`, or with `thresholds` every label that reaches its own.

    `score` returns probabilities of shape (texts, labels). `reads_pairs` is None where a model does not say whether it
    reads one text or two.
    """

    def __init__(
        self,
        labels: Sequence[str],
        score: Callable[[Sequence[Text]], Scores],
        thresholds: Sequence[float] | None = None,
        reads_pairs: bool | None = None,
    ) -> None:
        self.labels = list(labels)
        self.thresholds = None if thresholds is None else list(thresholds)
        self.reads_pairs = reads_pairs
        self._score = score

    def __call__(self, texts: Given | Sequence[Given]) -> list[Any]:
        """Return `{"label", "score"}` of the most likely label, one for each text.

        With `thresholds` it is a list for each text, best first, and empty where no label applies. A pair is a tuple,
        or a mapping with `text` and `text_pair`. Raises DataError for one text where the model reads two, and the
        other way round.
        """
        answer = self._best if self.thresholds is None else self._all_that_apply
        return [answer(row) for row in self.scores(texts)]

    def scores(self, texts: Given | Sequence[Given]) -> Scores:
        """Return the probabilities of all labels, an array of shape (texts, labels)."""
        read = as_texts(texts)
        for place, text in enumerate(read):
            self._check(place, text)
        return self._score(read) if read else np.zeros((0, len(self.labels)), dtype=np.float32)

    def _check(self, place: int, text: Text) -> None:
        if self.reads_pairs in (None, isinstance(text, tuple)):
            return
        if self.reads_pairs:
            raise DataError(f"text {place + 1} is alone, but the model reads pairs; give (text, text_pair)")
        raise DataError(f"text {place + 1} is a pair, but the model reads one text; give a list for several texts")

    def _best(self, row: Scores) -> Answer:
        best = int(row.argmax())
        return {"label": self.labels[best], "score": float(row[best])}

    def _all_that_apply(self, row: Scores) -> list[Answer]:
        thresholds = self.thresholds or []
        return [
            {"label": self.labels[place], "score": float(row[place])}
            for place in np.argsort(-row, kind="stable")
            if row[place] >= thresholds[place]
        ]


def as_texts(given: Given | Sequence[Given]) -> list[Text]:
    """Return the list that `given` is, or the one text or pair that it is in a list."""
    if isinstance(given, str | tuple | Mapping):
        return [_as_text(given)]
    return [_as_text(text) for text in (given if isinstance(given, Iterable) else [given])]


def _as_text(given: Any) -> Text:
    if isinstance(given, Mapping) and isinstance(given.get("text"), str):
        given = (given["text"], given["text_pair"]) if given.get("text_pair") is not None else given["text"]
    is_pair = isinstance(given, tuple) and len(given) == 2 and all(isinstance(part, str) for part in given)
    if not is_pair and not isinstance(given, str):
        raise DataError(f"{str(given)[:40]!r} is no text; give texts, pairs (text, text_pair), or a list of them")
    text: Text = given
    return text


def softmax(logits: Scores) -> Scores:
    """Return what sums to 1 along the last axis."""
    raised: Scores = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)


def sigmoid(logits: Scores) -> Scores:
    """Return a probability for each logit by itself."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), dtype=np.float32)
