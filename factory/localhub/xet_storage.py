"""A user's chunks as one shard reads them: from their xorb or, once that is gone, from the blobs made of it.

What a xorb is made of is read once, however often a shard names it.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from factory.localhub.errors import HubError
from factory.localhub.store import Store
from factory.localhub.xorbs import Term, decode_chunk, read_chunk, read_chunks


@dataclass(frozen=True)
class Piece:
    """Chunks of a xorb, `first` to before `last`, that lie in a blob, the first one at byte `offset`."""

    first: int
    last: int
    blob: Path
    offset: int


class Xorb:
    """One xorb of a user: `length` is the number of bytes that its chunks unpack to."""

    def __init__(self, store: Store, user_id: int, name: str) -> None:
        query = "SELECT id, lengths FROM xorbs WHERE user_id = ? AND hash = ?"
        row = store.db.execute(query, (user_id, name)).fetchone()
        if row is None:
            raise HubError(400, f"The xorb {name} was not uploaded")
        self.id: int = row["id"]
        self.path = store.xorbs / str(user_id) / name
        self._store = store
        self._known: array[int] | None = None
        self._starts = array("Q", accumulate(unpack_lengths(row["lengths"]), initial=0))

    @property
    def length(self) -> int:
        return self._starts[-1]

    def check(self, term: Term) -> None:
        """Raise a 400 unless the term's chunks exist and unpack to the length that it declares."""
        if not 0 <= term.first < term.last < len(self._starts):
            raise HubError(400, "The shard names chunks that the xorb does not have")
        if self._starts[term.last] - self._starts[term.first] != term.length:
            raise HubError(400, "The chunks of a file do not have the length that the shard announces")

    def read(self, term: Term) -> Iterator[bytes]:
        """Yield the bytes of a term that was checked; raises a 400 where they are not stored any more."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            yield from self._read_pieces(term)
            return
        with file:
            for offset in self._offsets(file)[term.first : term.last]:
                yield decode_chunk(file, read_chunk(file, offset))

    def is_covered(self) -> bool:
        """Tell whether blobs hold all the chunks, by the index."""
        position = 0
        query = "SELECT first, last FROM spans WHERE xorb_id = ? ORDER BY first"
        for first, last in self._store.db.execute(query, (self.id,)):
            if first > position:
                return False
            position = max(position, last)
        return position >= len(self._starts) - 1

    def _offsets(self, file: BinaryIO) -> "array[int]":
        """Return where the chunks' headers lie, 8 bytes each: a large file is made of millions of chunks."""
        if self._known is None:
            chunks = read_chunks(file)
            if array("Q", accumulate((chunk.length for chunk in chunks), initial=0)) != self._starts:
                raise HubError(400, f"The xorb {self.path.name} was uploaded again with other chunks")
            self._known = array("Q", (chunk.start for chunk in chunks))
        return self._known

    def _read_pieces(self, term: Term) -> Iterator[bytes]:
        position = term.first
        while position < term.last:
            index = bisect_right(self._pieces, position, key=lambda piece: piece.first) - 1
            if index < 0 or self._pieces[index].last <= position:
                raise HubError(400, f"The xorb {term.xorb} is not stored any more")
            piece = self._pieces[index]
            with piece.blob.open("rb") as file:
                file.seek(piece.offset + self._starts[position] - self._starts[piece.first])
                for chunk in range(position, min(term.last, piece.last)):
                    yield file.read(self._starts[chunk + 1] - self._starts[chunk])
            position = min(term.last, piece.last)

    @cached_property
    def _pieces(self) -> list[Piece]:
        """Return the chunks that blobs hold, each once, in order."""
        pieces: list[Piece] = []
        position = 0
        for span in self._store.db.execute("SELECT * FROM spans WHERE xorb_id = ? ORDER BY first", (self.id,)):
            first, last = max(span["first"], position), span["last"]
            if first < last and self._store.blobs.size(span["sha256"]) is not None:
                offset = span["offset"] + self._starts[first] - self._starts[span["first"]]
                pieces.append(Piece(first, last, self._store.blobs.path(span["sha256"]), offset))
                position = last
        return pieces


def pack_lengths(lengths: list[int]) -> bytes:
    return struct.pack(f"<{len(lengths)}I", *lengths)


def unpack_lengths(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 4}I", packed)
