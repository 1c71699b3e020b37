"""An entry as it lies on disk: compressed where that pays, and sealed by a checksum."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

import zstandard

from bursar_cache.memory import Kept, Place

COMPRESSED_FROM_BYTES = 1024
ZSTD_LEVEL = 3

_FIXED = struct.Struct(">HqqB")
_HIT_LENGTH = struct.Struct(">I")


class Codec(IntEnum):
    """How the body is written."""

    PLAIN = 0
    ZSTD = 1


class EntryDamaged(Exception):
    """What was read is not what was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry and what stands for it in the table."""

    kept: Kept
    codec: Codec
    checksum: bytes
    body: bytes


class Found(NamedTuple):
    """What was found at a place: columns of the table."""

    stored_at_ns: int
    expires_at_ns: int
    codec: int
    checksum: bytes
    body: bytes


class Content(NamedTuple):
    """What an entry is made of again: see `Kept`."""

    stored_at_ns: int
    expires_at_ns: int
    response: bytes
    hit: bytes


def row_of(kept: Kept, compressor: zstandard.ZstdCompressor) -> Row:
    """The entry as it is written. A compressor belongs to one thread."""
    codec = Codec.PLAIN
    body = _HIT_LENGTH.pack(len(kept.hit)) + kept.hit + kept.response
    if len(body) > COMPRESSED_FROM_BYTES:
        compressed = compressor.compress(body)
        if len(compressed) < len(body):
            codec, body = Codec.ZSTD, compressed
    checksum = _checksum(kept.place, (kept.stored_at_ns, kept.expires_at_ns), codec, body)
    return Row(kept, codec, checksum, body)


def content_of(
    place: Place, found: Found, decompressor: zstandard.ZstdDecompressor, bytes_max: int
) -> Content:
    """The content of what was found at `place`.

    Raises EntryDamaged when a single bit differs from what was written there.
    """
    stored_at_ns, expires_at_ns, codec, checksum, body = found
    if _checksum(place, (stored_at_ns, expires_at_ns), codec, body) != checksum:
        raise EntryDamaged
    if codec == Codec.ZSTD:
        try:
            body = decompressor.decompress(body, max_output_size=bytes_max)
        except zstandard.ZstdError as error:
            raise EntryDamaged from error
    hit_end = _HIT_LENGTH.size + _HIT_LENGTH.unpack_from(body)[0]
    return Content(stored_at_ns, expires_at_ns, body[hit_end:], body[_HIT_LENGTH.size : hit_end])


def _checksum(place: Place, times: tuple[int, int], codec: int, body: bytes) -> bytes:
    """Of the body and of what decides whom it is given to, and until when."""
    tenant = place[0].encode()
    digest = sha256(_FIXED.pack(len(tenant), *times, codec))
    digest.update(tenant)
    digest.update(place[1])
    digest.update(body)
    return digest.digest()
