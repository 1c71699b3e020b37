"""An entry as it lies on disk: compressed where that pays, and sealed by a checksum."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

import zstandard

from bursar_cache.memory import Place

COMPRESSED_FROM_BYTES = 1024
ZSTD_LEVEL = 3

_FIXED = struct.Struct(">HqqB")


class Codec(IntEnum):
    """How the body is written."""

    PLAIN = 0
    ZSTD = 1


class EntryDamaged(Exception):
    """What was read is not what was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the table. `body` is the contract's Entry, by `codec`."""

    place: Place
    model: str
    tags: tuple[str, ...]
    stored_at_ns: int
    expires_at_ns: int
    codec: Codec
    checksum: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry before it is a row. `content` is the contract's Entry as bytes."""

    place: Place
    model: str
    tags: tuple[str, ...]
    stored_at_ns: int
    expires_at_ns: int
    content: bytes


def row_of(entry: Entry) -> Row:
    """The entry as it is written. Compressing takes about 10 us for 4 KB."""
    codec, body = Codec.PLAIN, entry.content
    if len(body) > COMPRESSED_FROM_BYTES:
        compressed = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
        if len(compressed) < len(body):
            codec, body = Codec.ZSTD, compressed
    times = (entry.stored_at_ns, entry.expires_at_ns)
    checksum = _checksum(entry.place, times, codec, body)
    return Row(entry.place, entry.model, entry.tags, *times, codec, checksum, body)


def content_of(
    place: Place, times: tuple[int, int], sealed: tuple[int, bytes, bytes], bytes_max: int
) -> bytes:
    """The content of what was found at `place`; `sealed` is codec, checksum and body.

    Raises EntryDamaged when a single bit differs from what was written there.
    """
    codec, checksum, body = sealed
    if _checksum(place, times, codec, body) != checksum:
        raise EntryDamaged
    if codec == Codec.PLAIN:
        return body
    try:
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=bytes_max)
    except zstandard.ZstdError as error:
        raise EntryDamaged from error


def _checksum(place: Place, times: tuple[int, int], codec: int, body: bytes) -> bytes:
    """Of the body and of what decides whom it is given to, and until when."""
    tenant = place[0].encode()
    digest = sha256(_FIXED.pack(len(tenant), *times, codec))
    digest.update(tenant)
    digest.update(place[1])
    digest.update(body)
    return digest.digest()
