"""Remove rows that are unfit to train on, and keep each with the reason.

A filter looks at one row and returns None or a reason. Duplicates count against rows that are kept, so that of two
equal texts one survives whatever happens to the other; which one depends on content, never on the order of rows.

The two texts of a pair are taken together: their words add up to its length, and it is a duplicate of another, or in
gold, where both texts are the same. Words in a row are looked for in each of the two: a pair is removed where either
of its texts shares them with any text of gold.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from factory.data.examples import Example, Text, parts_of, read_examples, write_examples
from factory.errors import DataError
from factory.recipe import Filter
from factory.store import Artifact

UNSPACED = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # kana and Han


def filter_examples(labelled: list[Artifact], gold: Artifact | None, filter: Filter, *, out: Path) -> None:
    """Write `kept.jsonl`, `rejected.jsonl` (each row with its reason) and `counts.json`, ordered by row id.

    Raises DataError with the counts when no row is left.
    """
    rows = [row for artifact in labelled for row in read_examples(artifact.path / "examples.jsonl")]
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    kept, rejected = sift(rows, trusted, filter)
    removed = Counter(row.reason for row in rejected)
    if not kept:
        counts = ", ".join(f"{reason}: {count}" for reason, count in removed.most_common()) or "there were none"
        raise DataError(f"no row is left to train on ({counts}); look at the texts, or relax `filter`")
    write_examples(out / "kept.jsonl", kept)
    write_examples(out / "rejected.jsonl", rejected)
    counts_file = {"kept": len(kept), "removed": dict(removed.most_common())}
    (out / "counts.json").write_text(json.dumps(counts_file, indent=1, ensure_ascii=False), encoding="utf-8")


def sift(rows: Iterable[Example], gold: Iterable[Example], filter: Filter) -> tuple[list[Example], list[Example]]:
    """Return the rows that are kept, and those that are not with their reasons, both ordered by id."""
    check = _Sieve(filter, [Candidate(row) for row in gold])
    kept, rejected = [], []
    for row in sorted(rows, key=_content):
        if reason := check(Candidate(row)):
            rejected.append(replace(row, reason=reason))
        else:
            kept.append(row)
    return kept, rejected


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


class _Sieve:
    """The filters in their order, and what they remember of the gold texts and of the rows kept so far."""

    def __init__(self, filter: Filter, gold: Sequence[Candidate]) -> None:
        self._filter = filter
        self._gold = {text.key for text in gold}
        self._gold_ngrams = {ngram for text in gold for ngram in text.ngrams(filter.gold_ngram)}
        self._texts: set[Text] = set()
        self._keys: set[tuple[str, ...]] = set()
        self._filters: tuple[Callable[[Candidate], str | None], ...] = (
            self._unanswered,
            self._too_short,
            self._too_long,
            self._in_gold,
            self._shares_words_with_gold,
            self._disagreement,
            self._duplicate,
            self._near_identical,
        )

    def __call__(self, candidate: Candidate) -> str | None:
        """Return the first reason against the row, or None and remember it."""
        for find_reason in self._filters:
            if reason := find_reason(candidate):
                return reason
        self._texts.add(candidate.row.content)
        self._keys.add(candidate.key)
        return None

    def _unanswered(self, candidate: Candidate) -> str | None:
        row = candidate.row
        if row.answer is not None:
            return None
        return f"unanswered: {row.reason}" if row.reason not in (None, "unanswered") else "unanswered"

    def _too_short(self, candidate: Candidate) -> str | None:
        return "too short" if candidate.length < self._filter.min_words else None

    def _too_long(self, candidate: Candidate) -> str | None:
        return "too long" if candidate.length > self._filter.max_words else None

    def _in_gold(self, candidate: Candidate) -> str | None:
        return "in gold" if candidate.key in self._gold else None

    def _shares_words_with_gold(self, candidate: Candidate) -> str | None:
        length = self._filter.gold_ngram
        if self._gold_ngrams.isdisjoint(candidate.ngrams(length)):
            return None
        return f"shares {length} words in a row with gold"

    def _disagreement(self, candidate: Candidate) -> str | None:
        differs = candidate.row.is_as_asked is False
        return "disagreement" if differs and self._filter.disagreements == "drop" else None

    def _duplicate(self, candidate: Candidate) -> str | None:
        return "duplicate" if candidate.row.content in self._texts else None

    def _near_identical(self, candidate: Candidate) -> str | None:
        return "near-identical" if candidate.key in self._keys else None


def _content(row: Example) -> tuple[str, str]:
    return row.id, json.dumps(asdict(row), sort_keys=True)


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
