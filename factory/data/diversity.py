"""How varied texts are, from their words alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from factory.data.candidates import Candidate
from factory.data.examples import Example

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

MAX_ROWS = 500  # shares of distinct words fall as texts are added: a bound makes larger data sets comparable


def describe_diversity(rows: Sequence[Example]) -> dict[str, Any] | None:
    """Return how varied the first 500 rows by id, which are in no order, are; None for fewer than two.

    `rows` is how many were looked at. `distinct` {1, 2, 3}: of all words, pairs and triples of words in a row, the
    share that are different (J. Li et al., A diversity-promoting objective function, 2016). `self_similarity`: the
    mean over texts of the share of words in common with the text most like it (Jaccard). `effective_rows`: as many
    texts without a common word would be as varied (Vendi score, D. Friedman and A. Dieng, 2023).
    """
    texts = [Candidate(row) for row in sorted(rows, key=lambda row: row.id)[:MAX_ROWS]]
    if len(texts) < 2:
        return None
    similarity = _measure_similarities([{word for words in text.words for word in words} for text in texts])
    return {
        "rows": len(texts),
        "distinct": {str(length): _measure_distinct(texts, length) for length in (1, 2, 3)},
        "self_similarity": _measure_nearest(similarity),
        "effective_rows": _count_effective(similarity),
    }


def _measure_distinct(texts: Sequence[Candidate], length: int) -> float | None:
    ngrams = [ngram for text in texts for ngram in text.ngrams(length)]
    return round(len({*ngrams}) / len(ngrams), 4) if ngrams else None


def _measure_similarities(texts: Sequence[set[str]]) -> NDArray[float64]:
    """Return the Jaccard similarity of every text with every other; without words, a text is like itself alone."""
    import numpy as np

    places = {word: place for place, word in enumerate(sorted(set[str]().union(*texts)))}
    has_word = np.zeros((len(texts), len(places)), dtype=np.float32)
    for number, words in enumerate(texts):
        has_word[number, [places[word] for word in words]] = 1
    common = (has_word @ has_word.T).astype(np.float64)
    counts = has_word.sum(axis=1, dtype=np.float64)
    similarity: NDArray[float64] = common / np.maximum(counts[:, None] + counts[None, :] - common, 1)
    np.fill_diagonal(similarity, 1)
    return similarity


def _measure_nearest(similarity: NDArray[float64]) -> float:
    import numpy as np

    others = similarity - np.eye(len(similarity))
    return round(float(others.max(axis=1).mean()), 4)


def _count_effective(similarity: NDArray[float64]) -> float:
    import numpy as np

    weights = np.linalg.eigvalsh(similarity / len(similarity))
    weights = weights[weights > 1e-12]
    return round(float(np.exp(-(weights * np.log(weights)).sum())), 1)
