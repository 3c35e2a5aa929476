"""Xet's two binary formats, as far as an upload needs them: xorbs of compressed chunks, shards that list files.

Written after the xet-core specification (chunk header: version, 24-bit packed length, scheme, 24-bit raw length;
shard: 48-byte records). Hashes are four little-endian 64-bit words, so their hexadecimal form reverses each 8 bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from factory.localhub.errors import HubError

MAX_XORB_BYTES = 80 * 2**20
MAX_SHARD_BYTES = 64 * 2**20
MAX_CHUNK_BYTES = 128 * 2**10
MAX_CHUNKS = 16 * 1024
MAX_RECORDS = 2**18  # a file of 512 GB in whole xorbs of 64 MiB has 2**13 terms
_HEADER_BYTES = 8
_RECORD_BYTES = 48
_FOOTER = b"X"
_VERIFICATION, _METADATA = 1 << 31, 1 << 30
_END = b"\xff" * 32
_PLAIN, _LZ4, _GROUPED_LZ4 = 0, 1, 2


@dataclass(frozen=True)
class Chunk:
    """Where a chunk lies in a xorb's file and how to read it; lengths in bytes."""

    offset: int
    packed_length: int
    scheme: int
    length: int

    @property
    def start(self) -> int:
        """Where its header lies."""
        return self.offset - _HEADER_BYTES


@dataclass(frozen=True)
class Term:
    """A run of chunks of one xorb, `first` to before `last`, that is the next part of a file."""

    xorb: str
    first: int
    last: int
    length: int


@dataclass(frozen=True)
class ShardFile:
    """A file as a shard describes it."""

    hash: str
    sha256: str
    terms: list[Term]


def read_chunks(file: BinaryIO) -> list[Chunk]:
    """Return the chunks of a xorb by their headers alone; raises a 400 for what is not a xorb within the limits."""
    size = file.seek(0, 2)
    chunks: list[Chunk] = []
    offset = length = 0
    while offset < size and not _is_footer(file, offset):
        chunk = read_chunk(file, offset)
        offset, length = chunk.offset + chunk.packed_length, length + chunk.length
        if len(chunks) >= MAX_CHUNKS or length > MAX_XORB_BYTES or offset > size:
            raise HubError(400, "The xorb has too many or too long chunks, or ends within one")
        chunks.append(chunk)
    if not chunks:
        raise HubError(400, "The xorb has no chunks")
    return chunks


def read_chunk(file: BinaryIO, offset: int) -> Chunk:
    """Return the chunk whose header lies at `offset`; raises a 400 for a malformed header."""
    file.seek(offset)
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or header[0] != 0:
        raise HubError(400, "The xorb's chunk headers are malformed")
    length = int.from_bytes(header[5:8], "little")
    if not 0 < length <= MAX_CHUNK_BYTES:
        raise HubError(400, f"A chunk of the xorb is empty or too long: {MAX_CHUNK_BYTES} bytes are accepted")
    return Chunk(offset + _HEADER_BYTES, int.from_bytes(header[1:4], "little"), header[4], length)


def decode_chunk(file: BinaryIO, chunk: Chunk) -> bytes:
    """Return a chunk's bytes: exactly as many as its header says, however much it would unpack to."""
    file.seek(chunk.offset)
    packed = file.read(chunk.packed_length)
    if chunk.scheme == _PLAIN:
        raw = packed
    elif chunk.scheme in (_LZ4, _GROUPED_LZ4):
        raw = _unpack(packed, chunk.length)
    else:
        raise HubError(400, f"The compression scheme {chunk.scheme} is unknown")
    if len(raw) != chunk.length:
        raise HubError(400, "A chunk does not unpack to the length it announces")
    return _ungroup(raw) if chunk.scheme == _GROUPED_LZ4 else raw


def read_shard(content: bytes) -> list[ShardFile]:
    """Return the files that a shard describes; raises a 400 for a malformed one, a 413 for too many records."""
    try:
        return list(_read_files(content))
    except (struct.error, IndexError):
        raise HubError(400, "The shard ends within a record") from None


def hash_text(raw: bytes) -> str:
    """Return the hexadecimal form of a hash in Xet's word order."""
    return b"".join(raw[start : start + 8][::-1] for start in range(0, 32, 8)).hex()


def _is_footer(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    return file.read(1) == _FOOTER


def _unpack(packed: bytes, length: int) -> bytes:
    from lz4.frame import LZ4FrameDecompressor

    try:
        return bytes(LZ4FrameDecompressor().decompress(packed, max_length=length + 1))
    except (RuntimeError, EOFError):
        raise HubError(400, "A chunk is not a valid LZ4 frame") from None


def _ungroup(grouped: bytes) -> bytes:
    raw = bytearray(len(grouped))
    start = 0
    for position in range(4):
        count = (len(grouped) - position + 3) // 4
        raw[position::4] = grouped[start : start + count]
        start += count
    return bytes(raw)


def _read_files(content: bytes) -> Iterator[ShardFile]:
    position, records = _RECORD_BYTES, 0
    while (file_hash := content[position : position + 32]) != _END:
        flags, count = struct.unpack_from("<II", content, position + 32)
        position, records = position + _RECORD_BYTES, records + 1 + count
        if records > MAX_RECORDS:
            raise HubError(413, f"The shard describes more than {MAX_RECORDS} files and terms: upload fewer at a time")
        terms = []
        for _ in range(count):
            _, length, first, last = struct.unpack_from("<IIII", content, position + 32)
            terms.append(Term(hash_text(content[position : position + 32]), first, last, length))
            position += _RECORD_BYTES
        position += _RECORD_BYTES * count if flags & _VERIFICATION else 0
        if not flags & _METADATA:
            raise HubError(400, "The shard gives no SHA-256 for a file")
        sha256 = content[position : position + 32]
        position += _RECORD_BYTES
        yield ShardFile(hash_text(file_hash), hash_text(sha256), terms)
