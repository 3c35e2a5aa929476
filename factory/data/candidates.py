"""A row as filters compare it: folded words, and what of them is looked for in other rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from factory.data.examples import Example, parts_of

if TYPE_CHECKING:
    from rensa import RMinHash

UNSPACED = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # kana and Han
SHINGLE_WORDS = 3
PERMUTATIONS = 128


@dataclass(frozen=True)
class Candidate:
    """A row, and its text, or both texts of a pair, as a reader would compare it."""

    row: Example

    @cached_property
    def words(self) -> list[list[str]]:
        """Each text after NFKC and casefold, without punctuation; a character of Chinese or Japanese is a word."""
        texts = (unicodedata.normalize("NFKC", text) for text in parts_of(self.row.content))
        return [text.casefold().translate(_FOLDING).split() for text in texts]

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Equal for texts that differ in case, punctuation and blanks alone."""
        texts = parts_of(self.row.content)
        return tuple(" ".join(words) or text for words, text in zip(self.words, texts, strict=True))

    @cached_property
    def length(self) -> int:
        """How many words there are, in both texts of a pair together."""
        return sum(map(len, self.words))

    def ngrams(self, length: int) -> Iterator[str]:
        """Yield every `length` words in a row of one text."""
        for words in self.words:
            for start in range(len(words) - length + 1):
                yield " ".join(words[start : start + length])

    def shingles(self) -> list[set[str]]:
        """Return for each text every three words in a row, or the text itself where it has no more than that."""
        return [
            {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(len(words) - SHINGLE_WORDS + 1)}
            or {key}
            for words, key in zip(self.words, self.key, strict=True)
        ]

    @cached_property
    def minhash(self) -> RMinHash:
        """What estimates how alike the shingles of two candidates are."""
        from rensa import RMinHash

        minhash = RMinHash(num_perm=PERMUTATIONS, seed=0)
        minhash.update([f"{side} {shingle}" for side, shingles in enumerate(self.shingles()) for shingle in shingles])
        return minhash


class _Folding(dict[int, str | None]):
    """What becomes of a character in a comparison, worked out when it is first met."""

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        category = unicodedata.category(character)
        folded: str | None = character
        if category == "Cf":
            folded = None
        elif category[0] in "CPZ":
            folded = " "
        elif any(first <= point <= last for first, last in UNSPACED):
            folded = f" {character} "
        self[point] = folded
        return folded


_FOLDING = _Folding()
