"""An entry's bytes as both layers hold them: one body, compressed where that pays."""

from __future__ import annotations

import struct
from enum import IntEnum

import zstandard

COMPRESSED_FROM_BYTES = 1024
ZSTD_LEVEL = 3

_HIT_LENGTH = struct.Struct(">I")


class Codec(IntEnum):
    """How a body is written."""

    PLAIN = 0
    ZSTD = 1


class EntryDamaged(Exception):
    """What was read is not what was written."""


def body_of(response: bytes, hit: bytes) -> bytes:
    """The plain body of what is given for an entry, and of what is told of giving it."""
    return b"%b%b%b" % (_HIT_LENGTH.pack(len(hit)), hit, response)


def parts_of(body: bytes) -> tuple[bytes, bytes]:
    """(response, hit) of a plain body."""
    hit_end = _HIT_LENGTH.size + _HIT_LENGTH.unpack_from(body)[0]
    return body[hit_end:], body[_HIT_LENGTH.size : hit_end]


def compressed(body: bytes, compressor: zstandard.ZstdCompressor) -> tuple[Codec, bytes]:
    """The shorter form of a plain body. A compressor belongs to one thread."""
    if len(body) > COMPRESSED_FROM_BYTES:
        smaller = compressor.compress(body)
        if len(smaller) < len(body):
            # A copy: the library's own keeps the room that the worst case would have taken.
            return Codec.ZSTD, bytes(memoryview(smaller))
    return Codec.PLAIN, body


def plain(
    codec: int, body: bytes, decompressor: zstandard.ZstdDecompressor, bytes_max: int
) -> bytes:
    """The plain body. Raises EntryDamaged for what never was one of at most `bytes_max`."""
    if codec == Codec.PLAIN:
        return body
    try:
        return decompressor.decompress(body, max_output_size=bytes_max)
    except zstandard.ZstdError as error:
        raise EntryDamaged from error
