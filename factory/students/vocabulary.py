"""Cut a tokenizer down to the tokens that some texts need, so that it still reads every other text.

WordPiece, Unigram and BPE (of bytes, or of characters) are cut; other kinds are refused. The texts keep their tokens:
WordPiece takes the longest piece and Unigram the likeliest, which stay what they are among fewer; of BPE every merge
on the way to a kept token is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import Example
from factory.errors import TrainingError
from factory.students.networks import tokenize

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BYTE = re.compile(r"<0x[0-9A-F]{2}>")  # stands for a byte that no other token covers
Json = dict[str, Any]


def prune_tokenizer(tokenizer: PreTrainedTokenizerFast, rows: Sequence[Example], folder: Path) -> list[int]:
    """Write a tokenizer to `folder` with the tokens of `rows` and all it may fall back to; return their old ids.

    A token's place in the list is its new id. Raises TrainingError for a kind of tokenizer that cannot be cut.
    """
    used = {token for row in tokenize(tokenizer, rows) for token in row["input_ids"]}
    description, kept = prune(json.loads(tokenizer.backend_tokenizer.to_str()), used)
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")
    return kept


def prune(description: Json, used: Iterable[int]) -> tuple[Json, list[int]]:
    """Return a tokenizer.json with the tokens `used` and those needed for any other text, and the old ids of all."""
    model = description["model"]
    pieces = _read_pieces(model)
    names = {number: piece for piece, number in pieces.items()}
    always = {token["id"] for token in description["added_tokens"]} | set(_fallbacks(model, pieces))
    kept = {*used, *always, *_ids_in(description["post_processor"])}
    if model["type"] == "BPE":
        kept |= {pieces[part] for part in _parts({names[number] for number in kept if number in names}, model)}
    order = sorted(kept)
    new = {old: number for number, old in enumerate(order)}
    return {
        **description,
        "truncation": None,
        "padding": None,
        "added_tokens": [{**token, "id": new[token["id"]]} for token in description["added_tokens"]],
        "post_processor": _renumber(description["post_processor"], new),
        "model": _shorten(model, pieces, new),
    }, order


def _read_pieces(model: Json) -> dict[str, int]:
    kind = model["type"]
    affixes = [model.get(name) for name in ("continuing_subword_prefix", "end_of_word_suffix")]
    if kind == "Unigram":
        return {piece: number for number, (piece, _) in enumerate(model["vocab"])}
    if kind == "WordPiece" or (kind == "BPE" and not any(affixes)):
        return dict(model["vocab"])
    raise TrainingError(
        f"a {kind} tokenizer of this kind cannot be cut; set `vocabulary: all`, or choose a base model whose "
        f"tokenizer is WordPiece, Unigram or BPE of bytes"
    )


def _fallbacks(model: Json, pieces: dict[str, int]) -> Iterator[int]:
    """Yield what an unseen text falls back to: single characters or bytes, and the token of the unknown."""
    prefix = model["continuing_subword_prefix"] if model["type"] == "WordPiece" else ""
    for piece, number in pieces.items():
        if len(piece.removeprefix(prefix)) == 1 or BYTE.fullmatch(piece):
            yield number
    if model.get("unk_token") in pieces:
        yield pieces[model["unk_token"]]
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        yield scores.index(min(scores))  # what an unknown character costs hangs on it
        if model["unk_id"] is not None:
            yield model["unk_id"]


def _parts(tokens: Iterable[str], model: Json) -> Iterator[str]:
    """Yield every piece that byte-pair encoding makes on the way to each of `tokens`."""
    ranks = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
    for token in tokens:
        symbols = list(token)
        while pairs := [pair for pair in pairwise(symbols) if pair in ranks]:
            first = min(pairs, key=lambda pair: ranks[pair])
            place = next(place for place in range(len(symbols)) if tuple(symbols[place : place + 2]) == first)
            symbols[place : place + 2] = ["".join(first)]
            yield symbols[place]


def _shorten(model: Json, pieces: dict[str, int], new: dict[int, int]) -> Json:
    if model["type"] == "Unigram":
        vocabulary = [entry for number, entry in enumerate(model["vocab"]) if number in new]
        return {**model, "vocab": vocabulary, "unk_id": new.get(model["unk_id"])}
    kept = {piece: new[number] for piece, number in pieces.items() if number in new}
    if model["type"] == "WordPiece":
        return {**model, "vocab": kept}
    merges = [pair for pair in model["merges"] if all(part in kept for part in (*pair, "".join(pair)))]
    return {**model, "vocab": kept, "merges": merges}


def _ids_in(processor: Any) -> Iterator[int]:
    """Yield the ids that a post-processor adds: beside their tokens, or in lists under `ids`."""
    if isinstance(processor, dict):
        yield from processor.get("ids", ())
    if _is_token(processor):
        yield processor[1]
    elif isinstance(processor, dict | list):
        for part in processor.values() if isinstance(processor, dict) else processor:
            yield from _ids_in(part)


def _renumber(processor: Any, new: dict[int, int]) -> Any:
    if _is_token(processor):
        return [processor[0], new[processor[1]]]
    if isinstance(processor, list):
        return [_renumber(part, new) for part in processor]
    if isinstance(processor, dict):
        renumbered = {name: _renumber(part, new) for name, part in processor.items()}
        return renumbered | ({"ids": [new[old] for old in processor["ids"]]} if "ids" in processor else {})
    return processor


def _is_token(value: Any) -> bool:
    """Whether it is a token with its id, as post-processors of BERT and RoBERTa write it: `["</s>", 2]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)
