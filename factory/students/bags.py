"""The students that are no network: what they read of a text, and their files, which numpy alone can use.

A folder holds config.json, model.safetensors, and vocabulary.json (`linear`: the terms) or tokenizer.json (`static`).
The order of words is lost in both: a text is a bag of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.data.examples import SEPARATOR, Text, parts_of
from factory.errors import HubError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from factory.students.lesson import Lesson

LINEAR, STATIC = BAGS = "hf-factory-linear", "hf-factory-static"  # model types that transformers does not know
BAG_FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocabulary.json")
WORDS = r"\w+|[^\w\s]+"
CHUNK_TEXTS = 64  # what is added up stays in the processor's cache
KNOWN_WORDS = 50_000  # about 10 MB
TYPES = {"F16": np.float16, "F32": np.float32}
Floats = NDArray[np.float32]
Score = Callable[[Sequence[Text]], Floats]


def read_bag(folder: Path, config: dict[str, Any]) -> Score:
    """Return a function from texts to logits of shape (texts, labels); raises HubError for files that are damaged."""
    try:
        arrays = read_arrays(folder / "model.safetensors")
        read = _read_linear if config["model_type"] == LINEAR else _read_static
        score, size = read(folder, config, arrays)
        if arrays["weights"].shape != (size, len(config["id2label"])):
            raise ValueError("its parts do not fit together")
    except (ValueError, LookupError, TypeError, OSError, re.error) as fault:
        raise HubError(f"{folder}: is damaged or incomplete ({fault}); pull the model again") from fault
    return lambda texts: np.concatenate([score(chunk) for chunk in _chunks(texts)])


def read_arrays(path: Path) -> dict[str, Floats]:
    """Return the arrays of a safetensors file as float32."""
    data = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:start].tobytes())
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        flat = data[first:last].view(TYPES[entry["dtype"]])
        found[name] = np.array(flat, dtype=np.float32).reshape(entry["shape"])
    return found


def write_bag(
    folder: Path, lesson: Lesson, thresholds: dict[str, float] | None, config: dict[str, Any], arrays: dict[str, Any]
) -> None:
    """Write config.json, with what the task says, and model.safetensors."""
    from safetensors.numpy import save_file

    names, is_multi_label = lesson.task.names, lesson.task.kind == "multi-label"
    told = {
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
        "problem_type": f"{'multi' if is_multi_label else 'single'}_label_classification",
        "text_pair": lesson.task.kind == "pair",
        **({"thresholds": thresholds} if thresholds else {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config | told, indent=1, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / "model.safetensors")


def _read_linear(folder: Path, config: dict[str, Any], arrays: dict[str, Floats]) -> tuple[Score, int]:
    idf, weights, biases = (arrays[name] for name in ("idf", "weights", "biases"))
    listed = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    places = {term: place for place, term in enumerate(listed)}
    read_terms = term_reader(config["token_pattern"], tuple(config["ngram_range"]))

    def score(texts: Sequence[Text]) -> Floats:
        found = [[places[term] for term in read_terms(text) if term in places] for text in texts]
        rows, terms, counts = _count_terms(found, len(idf))
        values = (1 + np.log(counts)) * idf[terms]
        values /= np.sqrt(np.bincount(rows, values**2, len(texts)))[rows]
        return sum_rows(values[:, None] * weights[terms], np.bincount(rows, minlength=len(texts))) + biases

    return score, len(listed) if len(listed) == len(idf) else -1


def _count_terms(found: list[list[int]], size: int) -> tuple[Any, Any, Any]:
    """Return row, term and count of every term that a row has, by row."""
    lengths = [len(terms) for terms in found]
    keys = np.repeat(np.arange(len(found)), lengths) * size + np.fromiter(chain(*found), np.int64, sum(lengths))
    keys, counts = np.unique(keys, return_counts=True)
    rows, terms = np.divmod(keys, size)
    return rows, terms, counts


def _read_static(folder: Path, config: dict[str, Any], arrays: dict[str, Floats]) -> tuple[Score, int]:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise HubError(f"{path}: there is no such file; pull the model again")
    vectors, weights, biases = (arrays[name] for name in ("vectors", "weights", "biases"))
    read = VectorReader(Tokenizer.from_file(str(path)), vectors, config["max_length"])
    size = vectors.shape[1] * (4 if config["text_pair"] else 1)
    return (lambda texts: read(texts) @ weights + biases), size


def term_reader(pattern: str, lengths: tuple[int, int]) -> Callable[[Text], list[str]]:
    """Return a function from a text to its terms: words, and words in a row, as many as `lengths` says.

    Terms of the second text of a pair are marked, so that they are terms of their own, and no term crosses from one
    text to the other.
    """
    find_words = re.compile(pattern).findall
    sizes = range(lengths[0], lengths[1] + 1)

    def read_terms(text: Text) -> list[str]:
        terms = []
        for mark, part in zip(("", SEPARATOR), parts_of(text), strict=False):
            words = find_words(part.lower())
            for size in sizes:
                terms += [mark + " ".join(row) for row in zip(*(words[n:] for n in range(size)), strict=False)]
        return terms

    return read_terms


class VectorReader:
    """Adds up the vectors of a text's tokens, up to `max_length` of them, and scales the sum to length 1.

    A pair becomes both sums, their distance and their product, side by side.
    """

    def __init__(self, tokenizer: Tokenizer, vectors: Floats, max_length: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._vectors = vectors
        self._max_length = max_length
        self._splits = _splits_at_spaces(tokenizer)
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[Text]) -> Floats:
        """Return an array of shape (texts, size of a vector), or four times as wide for pairs."""
        return np.concatenate([self._read(chunk) for chunk in _chunks(texts)])

    def _read(self, texts: Sequence[Text]) -> Floats:
        first, *others = (self._add(part) for part in zip(*map(parts_of, texts), strict=True))
        return np.hstack([first, *(part for other in others for part in (other, abs(first - other), first * other))])

    def _add(self, texts: Sequence[str]) -> Floats:
        tokens = self._tokenize(texts)
        lengths = np.array([len(row) for row in tokens])
        sums = sum_rows(self._vectors[np.fromiter(chain(*tokens), np.intp, lengths.sum())], lengths)
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return sums

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each text; where spaces part them, a word that was seen before is not read again."""
        if not self._splits:
            read = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            return [text.ids[: self._max_length] for text in read]
        if len(self._known) > KNOWN_WORDS:
            self._known = {}
        known = self._known
        texts_in_words = [text.split(" ") for text in texts]
        unseen = list(set(chain(*texts_in_words)) - known.keys())
        read = self._tokenizer.encode_batch_fast(unseen, add_special_tokens=False)
        known |= {word: tokens.ids for word, tokens in zip(unseen, read, strict=True)}
        return [[*chain.from_iterable(map(known.__getitem__, words))][: self._max_length] for words in texts_in_words]


def sum_rows(values: Floats, lengths: NDArray[np.intp]) -> Floats:
    """Return the sums of the first lengths[0] rows of `values`, of the next lengths[1], and so on."""
    sums = np.zeros((len(lengths), values.shape[1]), dtype=np.float32)
    filled = lengths > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values, (np.cumsum(lengths) - lengths)[filled])
    return sums


def _splits_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether a word has the same tokens alone and in a text: with BERT's rules, not where tokens keep the spaces."""
    rules = json.loads(tokenizer.to_str())
    kinds = [(rules[part] or {}).get("type") for part in ("normalizer", "pre_tokenizer")]
    return kinds == ["BertNormalizer", "BertPreTokenizer"]


def _chunks(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    yield from (texts[start : start + CHUNK_TEXTS] for start in range(0, len(texts), CHUNK_TEXTS))
