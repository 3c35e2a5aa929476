"""Packet lines, the frames of git's protocols: four hexadecimal digits of length, then that many bytes with them.

Source: `gitprotocol-common` in git's documentation.
"""

import re
from collections.abc import Iterator

from factory.localhub.errors import HubError

FLUSH = b"0000"
_HEADER_BYTES = 4
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_BAND_BYTES = 65_515  # what is left of a packet of 65520 bytes after its length and the number of its band


def pkt_line(text: str) -> bytes:
    """Return one packet of a line of text, with the line feed that git expects."""
    content = f"{text}\n".encode()
    return b"%04x%s" % (len(content) + _HEADER_BYTES, content)


def read_pkt_lines(body: bytes) -> Iterator[str | None]:
    """Yield the lines of a request, None for a flush; raises a 400 for what is not made of packets."""
    start = 0
    while start < len(body):
        header = body[start : start + _HEADER_BYTES]
        length = int(header, 16) if _HEX.fullmatch(header) else -1
        if length != 0 and not _HEADER_BYTES <= length <= len(body) - start:
            raise HubError(400, "The body is not made of git's packet lines")
        yield body[start + _HEADER_BYTES : start + length].decode(errors="replace").rstrip("\n") if length else None
        start += length or _HEADER_BYTES


def side_band(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a stream cut into packets of the first band, which carries the pack, and the flush that ends it."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _BAND_BYTES:
            yield _band(pending[:_BAND_BYTES])
            del pending[:_BAND_BYTES]
    if pending:
        yield _band(pending)
    yield FLUSH


def _band(content: bytes | bytearray) -> bytes:
    return b"%04x\x01%s" % (len(content) + _HEADER_BYTES + 1, content)
