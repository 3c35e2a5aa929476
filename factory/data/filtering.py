"""Remove rows that are unfit to train on, and keep each with the reason.

A filter looks at one row and returns None or a reason. Duplicates count against rows that are kept, so that of two
equal texts one survives whatever happens to the other; which one depends on content, never on the order of rows, and
what is kept is kept again. Texts that are nearly the same but have different answers are no duplicates: they teach
what makes the difference.

The two texts of a pair are taken together: their words add up to its length, and it is a duplicate of another, or in
gold, where both texts are the same. Words in a row are looked for in each of the two: a pair is removed where either
of its texts shares them with any text of gold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from factory.data.candidates import Candidate
from factory.data.examples import Example, Text, parts_of, read_examples, write_examples
from factory.data.faults import find_fault
from factory.data.near_duplicates import NearDuplicates
from factory.data.personal_data import find_personal_data, mask_personal_data
from factory.errors import DataError
from factory.recipe import Filter
from factory.store import Artifact, version


@version(2)
def filter_examples(
    labelled: list[Artifact], gold: Artifact | None, filter: Filter, language: str, *, out: Path
) -> None:
    """Write `kept.jsonl`, `rejected.jsonl` (each row with its reason) and `counts.json`, ordered by row id.

    Raises DataError with the counts when no row is left.
    """
    rows = [row for artifact in labelled for row in read_examples(artifact.path / "examples.jsonl")]
    trusted = read_examples(gold.path / "gold.jsonl") if gold else []
    masked = [_mask(row, filter) for row in rows]
    write_sifted(*_sift(masked, trusted, filter, language), out, masked=_count_kinds(masked))


def write_sifted(kept: list[Example], rejected: list[Example], out: Path, masked: dict[str, int]) -> None:
    """Write the rows that are kept, those that are not, and their counts; raises DataError when none is kept."""
    removed = Counter(row.reason for row in rejected)
    if not kept:
        counts = ", ".join(f"{reason}: {count}" for reason, count in removed.most_common()) or "there were none"
        raise DataError(f"no row is left to train on ({counts}); look at the texts, or relax `filter`")
    write_examples(out / "kept.jsonl", kept)
    write_examples(out / "rejected.jsonl", rejected)
    counts_file = {"kept": len(kept), "removed": dict(removed.most_common()), "masked": masked}
    (out / "counts.json").write_text(json.dumps(counts_file, indent=1, ensure_ascii=False), encoding="utf-8")


def sift(
    rows: Iterable[Example], gold: Iterable[Example], filter: Filter, language: str | None = None
) -> tuple[list[Example], list[Example]]:
    """Return the rows that are kept, and those that are not with their reasons, both ordered by id.

    Where `filter` has personal data masked, both have it masked; what is dropped for it is masked too.
    """
    return _sift([_mask(row, filter) for row in rows], gold, filter, language)


@dataclass(frozen=True)
class _Masked:
    """A row as it goes on, as it came, and the kinds of personal data that were found in it."""

    row: Example
    original: Example
    kinds: frozenset[str] = frozenset()


def _sift(
    masked: Iterable[_Masked], gold: Iterable[Example], filter: Filter, language: str | None
) -> tuple[list[Example], list[Example]]:
    check = _Sieve(filter, [Candidate(row) for row in gold], language)
    kept, rejected = [], []
    for found in sorted(masked, key=lambda found: [*map(content_key, (found.row, found.original))]):
        if reason := check(found):
            rejected.append(replace(found.row, reason=reason))
        else:
            kept.append(found.row)
    return kept, rejected


class _Sieve:
    """The filters in their order, and what they remember of the gold texts and of the rows kept so far."""

    def __init__(self, filter: Filter, gold: Sequence[Candidate], language: str | None) -> None:
        self._filter = filter
        self._language = language
        self._gold = {text.key for text in gold}
        self._gold_ngrams = {ngram for text in gold for ngram in text.ngrams(filter.gold_ngram)}
        self._near_gold = NearDuplicates(filter.near_duplicate, gold)
        self._texts: set[Text] = set()
        self._keys: set[tuple[str, ...]] = set()
        self._near: dict[str | tuple[str, ...] | None, NearDuplicates] = {}
        self._filters_of_gold = (self._in_gold, self._shares_words_with_gold, self._near_duplicate_of_gold)
        self._filters: tuple[Callable[[Candidate], str | None], ...] = (
            self._unanswered,
            self._too_short,
            self._too_long,
            self._fault,
            *self._filters_of_gold,
            self._disagreement,
            self._duplicate,
            self._near_identical,
            self._near_duplicate,
        )

    def __call__(self, found: _Masked) -> str | None:
        """Return the first reason against the row, or None and remember it."""
        candidate = Candidate(found.row)
        reason = self._find_reason(candidate, found)
        if reason is None:
            self._texts.add(candidate.row.content)
            self._keys.add(candidate.key)
            self._of_same_answer(candidate).add(candidate)
        return reason

    def _find_reason(self, candidate: Candidate, found: _Masked) -> str | None:
        if found.kinds:
            if self._filter.personal_data == "drop":
                return f"personal data: {min(found.kinds)}"
            if reason := _first(self._filters_of_gold, Candidate(found.original)):
                return reason
        return _first(self._filters, candidate)

    def _unanswered(self, candidate: Candidate) -> str | None:
        row = candidate.row
        if row.answer is not None:
            return None
        return f"unanswered: {row.reason}" if row.reason not in (None, "unanswered") else "unanswered"

    def _too_short(self, candidate: Candidate) -> str | None:
        return "too short" if candidate.length < self._filter.min_words else None

    def _too_long(self, candidate: Candidate) -> str | None:
        return "too long" if candidate.length > self._filter.max_words else None

    def _fault(self, candidate: Candidate) -> str | None:
        is_checked = candidate.row.source == "generated" and self._filter.faults == "drop"
        return find_fault(candidate.row, self._language) if is_checked else None

    def _in_gold(self, candidate: Candidate) -> str | None:
        return "in gold" if candidate.key in self._gold else None

    def _shares_words_with_gold(self, candidate: Candidate) -> str | None:
        length = self._filter.gold_ngram
        if self._gold_ngrams.isdisjoint(candidate.ngrams(length)):
            return None
        return f"shares {length} words in a row with gold"

    def _near_duplicate_of_gold(self, candidate: Candidate) -> str | None:
        return "near duplicate of gold" if candidate in self._near_gold else None

    def _disagreement(self, candidate: Candidate) -> str | None:
        differs = candidate.row.is_as_asked is False
        return "disagreement" if differs and self._filter.disagreements == "drop" else None

    def _duplicate(self, candidate: Candidate) -> str | None:
        return "duplicate" if candidate.row.content in self._texts else None

    def _near_identical(self, candidate: Candidate) -> str | None:
        return "near-identical" if candidate.key in self._keys else None

    def _near_duplicate(self, candidate: Candidate) -> str | None:
        return "near duplicate" if candidate in self._of_same_answer(candidate) else None

    def _of_same_answer(self, candidate: Candidate) -> NearDuplicates:
        answer = candidate.row.answer
        if answer not in self._near:
            self._near[answer] = NearDuplicates(self._filter.near_duplicate)
        return self._near[answer]


def _first(filters: Iterable[Callable[[Candidate], str | None]], candidate: Candidate) -> str | None:
    return next((reason for find_reason in filters if (reason := find_reason(candidate))), None)


def _mask(row: Example, filter: Filter) -> _Masked:
    findings = [find_personal_data(text) for text in parts_of(row.content)] if filter.personal_data != "keep" else []
    if not any(findings):
        return _Masked(row, row)
    text, *pair = map(mask_personal_data, parts_of(row.content), findings)
    kinds = frozenset(finding.kind for found in findings for finding in found)
    return _Masked(replace(row, text=text, text_pair=pair[0] if pair else None), row, kinds)


def _count_kinds(masked: Iterable[_Masked]) -> dict[str, int]:
    """Return in how many rows each kind of personal data was found."""
    return dict(sorted(Counter(kind for found in masked for kind in found.kinds).items()))


def content_key(row: Example) -> tuple[str, str]:
    """Return what rows are ordered by: the id, then all that they hold."""
    return row.id, json.dumps(asdict(row), sort_keys=True)
