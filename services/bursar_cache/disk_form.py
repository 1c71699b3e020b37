"""An entry as it lies on disk: its packed body, sealed by a checksum."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import zstandard

from bursar_cache.memory import Kept, Place
from bursar_cache.packing import EntryDamaged, compressed

_FIXED = struct.Struct(">HqqB")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, packed, and the seal of it."""

    kept: Kept
    checksum: bytes


class Found(NamedTuple):
    """What was found at a place: columns of the table."""

    stored_at_ns: int
    expires_at_ns: int
    codec: int
    checksum: bytes
    body: bytes


def row_of(kept: Kept, compressor: zstandard.ZstdCompressor) -> Row:
    """The entry as it is written."""
    codec, body = compressed(kept.body, compressor)
    packed = kept._replace(codec=codec, body=body)
    return Row(packed, _checksum(packed.place, packed))


def checked(place: Place, found: Found) -> Found:
    """What was found at `place`. Raises EntryDamaged when a single bit differs from what was
    written there.
    """
    if _checksum(place, found) != found.checksum:
        raise EntryDamaged
    return found


def _checksum(place: Place, entry: Kept | Found) -> bytes:
    """Of the body and of what decides whom it is given to, and until when."""
    tenant = place[0].encode()
    fixed = _FIXED.pack(len(tenant), entry.stored_at_ns, entry.expires_at_ns, entry.codec)
    return sha256(b"%b%b%b%b" % (fixed, tenant, place[1], entry.body)).digest()
