"""Find texts that are nearly the same as others: MinHash finds whom to compare, the comparison itself is exact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from factory.data.candidates import PERMUTATIONS, Candidate

if TYPE_CHECKING:
    from rensa import RMinHash

BANDS = 32  # a pair that is alike by 0.8 is missed once in ten million times, by 0.6 once in eighty
LEEWAY = 0.2  # more than four standard deviations of an estimate by 128 permutations


class NearDuplicates:
    """Texts that others are compared with: `text in near_duplicates` where one is as alike as `similarity` or more.

    How alike two texts are is the Jaccard similarity of their shingles (A. Broder, On the resemblance and containment
    of documents, 1997). Pairs are as alike as the less alike of their sides: a premise with another hypothesis is
    another pair.
    """

    def __init__(self, similarity: float, texts: Iterable[Candidate] = ()) -> None:
        from rensa import RMinHashLSH

        self._similarity = similarity
        self._index = RMinHashLSH(threshold=similarity, num_perm=PERMUTATIONS, num_bands=BANDS)
        self._texts: list[tuple[Candidate, RMinHash]] = []
        for text in texts:
            self.add(text)

    def add(self, text: Candidate) -> None:
        """Remember a text."""
        self._index.insert(len(self._texts), text.minhash)
        self._texts.append((Candidate(text.row), text.minhash))  # not its words, which would fill the memory

    def __contains__(self, text: Candidate) -> bool:
        return any(self._is_alike(text, *self._texts[place]) for place in self._index.query(text.minhash))

    def _is_alike(self, text: Candidate, other: Candidate, minhash: RMinHash) -> bool:
        is_likely = text.minhash.jaccard(minhash) >= self._similarity - LEEWAY
        return is_likely and measure_similarity(text, other) >= self._similarity


def measure_similarity(text: Candidate, other: Candidate) -> float:
    """Return the Jaccard similarity of the shingles of two texts, or of the less alike side of two pairs."""
    if len(text.words) != len(other.words):
        return 0.0
    sides = zip(text.shingles(), other.shingles(), strict=True)
    return min(len(side & its) / len(side | its) for side, its in sides)
