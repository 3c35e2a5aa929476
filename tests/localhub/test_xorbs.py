import io
import struct

import lz4.frame
import pytest

from factory.localhub.errors import HubError
from factory.localhub.xorbs import (
    MAX_CHUNK_BYTES,
    MAX_RECORDS,
    MAX_XORB_BYTES,
    decode_chunk,
    hash_text,
    read_chunks,
    read_shard,
)


def chunk(raw, *, scheme=0, packed=None, announced=None):
    packed = raw if packed is None else packed
    length = len(raw) if announced is None else announced
    return bytes([0]) + len(packed).to_bytes(3, "little") + bytes([scheme]) + length.to_bytes(3, "little") + packed


def decode_all(content):
    file = io.BytesIO(content)
    return [decode_chunk(file, part) for part in read_chunks(file)]


def test_plain_and_compressed_chunks_are_read():
    raw = b"some text, some text, some text"
    content = chunk(raw) + chunk(raw, scheme=1, packed=lz4.frame.compress(raw))
    assert decode_all(content) == [raw, raw]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 7, 8, 1001])
def test_grouped_bytes_are_put_back_in_order(length):
    raw = bytes(index % 251 for index in range(length))
    grouped = b"".join(raw[position::4] for position in range(4))
    assert decode_all(chunk(raw, scheme=2, packed=lz4.frame.compress(grouped))) == [raw]


def test_the_footer_is_not_a_chunk():
    assert decode_all(chunk(b"x") + b"XETBLOB" + bytes(40)) == [b"x"]


def test_a_bomb_unpacks_to_no_more_than_it_announces():
    bomb = lz4.frame.compress(bytes(50 * 2**20))
    with pytest.raises(HubError, match="length it announces"):
        decode_all(chunk(b"", scheme=1, packed=bomb, announced=1000))


def test_a_chunk_longer_than_xet_allows_is_refused():
    with pytest.raises(HubError, match="too long"):
        read_chunks(io.BytesIO(chunk(b"x", announced=MAX_CHUNK_BYTES + 1)))


def test_a_xorb_of_many_chunks_that_unpack_to_more_than_a_xorb_is_refused():
    most = MAX_XORB_BYTES // MAX_CHUNK_BYTES
    small = chunk(b"x", scheme=1, announced=MAX_CHUNK_BYTES)
    assert len(read_chunks(io.BytesIO(small * most))) == most
    with pytest.raises(HubError, match="too long chunks"):
        read_chunks(io.BytesIO(small * (most + 1)))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", bytes(8), chunk(b"abc")[:-1], chunk(b"abc") + b"\x07" * 9, chunk(b"a") * (16 * 1024 + 1)],
)
def test_what_is_not_a_xorb_is_refused(content):
    with pytest.raises(HubError):
        read_chunks(io.BytesIO(content))


@pytest.mark.parametrize(("scheme", "packed"), [(1, b"not lz4"), (9, b"xyz")])
def test_a_chunk_that_does_not_unpack_is_refused(scheme, packed):
    with pytest.raises(HubError):
        decode_all(chunk(b"xyz", scheme=scheme, packed=packed))


def shard(*, flags=1 << 30 | 1 << 31, terms=1, sha256=bytes(range(32))):
    record = bytes(range(32)) + struct.pack("<IIQ", flags, terms, 0)
    term = bytes(32) + struct.pack("<IIII", 0, 10, 2, 5)
    return bytes(48) + record + term * terms + bytes(48) * terms + sha256 + bytes(16) + b"\xff" * 32 + bytes(16)


def test_a_shard_lists_files_and_their_terms():
    (file,) = read_shard(shard(terms=2))
    assert file.hash.startswith("0706050403020100")
    assert file.sha256 == file.hash
    assert [(term.first, term.last, term.length) for term in file.terms] == [(2, 5, 10)] * 2


def test_a_shard_without_a_sha256_is_refused():
    with pytest.raises(HubError, match="no SHA-256"):
        read_shard(shard(flags=1 << 31))


@pytest.mark.parametrize("length", [0, 47, 48, 60, 96, 150])
def test_a_shard_that_ends_early_is_refused(length):
    with pytest.raises(HubError, match="ends within"):
        read_shard(shard()[:length])


def test_a_shard_that_counts_more_terms_than_it_has_is_refused():
    with pytest.raises(HubError, match="ends within"):
        read_shard(bytes(48) + bytes(32) + struct.pack("<IIQ", 0, 1000, 0) + bytes(480))


@pytest.mark.parametrize("terms", [MAX_RECORDS, 2**32 - 1])
def test_a_shard_of_more_terms_than_a_file_needs_is_refused_before_they_are_read(terms):
    with pytest.raises(HubError, match="files and terms") as refusal:
        read_shard(bytes(48) + bytes(32) + struct.pack("<IIQ", 0, terms, 0))
    assert refusal.value.status == 413


def test_files_without_a_term_count_too():
    empty = bytes(32) + struct.pack("<IIQ", 1 << 30, 0, 0) + bytes(48)
    with pytest.raises(HubError, match="files and terms"):
        read_shard(bytes(48) + empty * (MAX_RECORDS + 1))


def test_a_hash_is_written_in_words_of_eight_bytes():
    assert hash_text(bytes(range(32)))[:32] == "07060504030201000f0e0d0c0b0a0908"
