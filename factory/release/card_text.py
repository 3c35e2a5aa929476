"""A card's text in parts: what the factory wrote, between two marks, and what people wrote around it.

When a release meets a card that somebody edited, three versions are compared: the release's, the Hub's, and that of
the release before. Where only one of the first two differs from the third, that one is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

BEGIN, END = "<!-- factory:begin -->", "<!-- factory:end -->"
FRONT_MATTER = re.compile(r"---\n(.*?\n)---\n", re.DOTALL)
MARK = "---\n"
GENERATED = "the text between the marks of hf-factory"
Json = dict[str, Any]


@dataclass(frozen=True)
class CardText:
    """A card in parts, one without marks generated as a whole; `head` is the metadata as it is written."""

    metadata: Json
    head: str
    before: str
    generated: str
    after: str

    def __str__(self) -> str:
        return f"{self.head}{self.before}{BEGIN}{self.generated}{END}{self.after}"


@dataclass(frozen=True)
class Merged:
    """A card with the changes of both sides; of `clashes`, the parts that both changed, it has the release's."""

    text: str
    clashes: list[str]


def front_matter(metadata: Json) -> str:
    """Return metadata between the marks that a Hub looks for; strings that YAML would misread are quoted."""
    text = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=100_000)
    return f"---\n{text}---\n"


def mark(body: str) -> str:
    """Return the body of a card between the marks."""
    return f"{BEGIN}\n{body.strip()}\n{END}\n"


def add_section(card: str, section: str) -> str:
    """Return a card with one more section at the end of what is generated."""
    head, end, after = card.rpartition(END)
    return f"{head.rstrip()}\n\n{section.strip()}\n{end}{after}" if end else f"{card.rstrip()}\n\n{section.strip()}\n"


def merge_cards(ours: str, theirs: str, earlier: str) -> Merged:
    """Return the release's card `ours` with what people changed in `theirs` since `earlier`."""
    if theirs == earlier:
        return Merged(ours, [])
    mine, his, old = map(read_card, (ours, theirs, earlier))
    clashes = []
    metadata: Json = {}
    for key in dict.fromkeys([*mine.metadata, *his.metadata]):
        values = [card.metadata.get(key) for card in (mine, his, old)]
        value, is_clash = _merge(*values)
        if is_clash:
            clashes.append(f"`{key}`")
        if value is not None:
            metadata[key] = value
    generated, is_clash = _merge(mine.generated, his.generated, old.generated)
    heads = [card.head for card in (his, mine) if card.metadata == metadata]
    merged = CardText(metadata, [*heads, front_matter(metadata)][0], his.before, generated, his.after)
    return Merged(str(merged), [*clashes, *([GENERATED] if is_clash else [])])


def read_card(text: str) -> CardText:
    """Return the parts of a card; metadata that is not YAML of names and values counts as text."""
    head, metadata, body = _split_metadata(text.replace("\r\n", "\n"))
    before, begin, rest = body.partition(BEGIN)
    generated, end, after = rest.rpartition(END)
    if not (begin and end):
        return CardText(metadata, head, "\n", f"\n{body.strip()}\n", "\n")
    return CardText(metadata, head, before, generated, after)


def set_metadata(text: str, values: Json) -> str:
    """Return a card's text whose metadata has `values` too; what is written there already stays as it is written."""
    head, metadata, body = _split_metadata(text.replace("\r\n", "\n"))
    if {**metadata, **values} == metadata:
        return text
    if not head or metadata.keys() & values.keys():
        return f"{front_matter({**metadata, **values})}{body}"
    return f"{head.removesuffix(MARK)}{front_matter(values).removeprefix(MARK)}{body}"


def _split_metadata(text: str) -> tuple[str, Json, str]:
    found = FRONT_MATTER.match(text)
    try:
        metadata = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        metadata = None
    return (found[0], metadata, text[found.end() :]) if found and isinstance(metadata, dict) else ("", {}, text)


def _merge(mine: Any, his: Any, old: Any) -> tuple[Any, bool]:
    """Return the value to keep, and whether both sides changed it."""
    if his == old:
        return mine, False
    if mine in (old, his):
        return his, False
    if all(isinstance(value, list) for value in (mine, his, old)):
        return list(_merge_items(mine, his, old)), False
    return mine, True


def _merge_items(mine: list[Any], his: list[Any], old: list[Any]) -> Iterator[Any]:
    """Yield the release's items but those that somebody removed, then those that somebody added."""
    yield from (item for item in mine if item in his or item not in old)
    yield from (item for item in his if item not in old and item not in mine)
