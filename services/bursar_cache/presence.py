"""Which keys may be on disk, so that most misses need not ask it.

A Bloom filter: it never misses a key that was added, and keys that are forgotten stay in it until
the next start, which costs a read each. Keys are keyed hashes, so their own bits serve as its
hashes.
"""

from __future__ import annotations

import struct

# 2 MiB, touched as it fills: at a million keys one miss in 200 asks the disk for nothing.
BITS = 1 << 24

_NUMBERS = struct.Struct("<III")
_MASK = BITS - 1


class Presence:
    """The keys of one disk, of 12 bytes or more."""

    def __init__(self) -> None:
        self._bits = bytearray(BITS // 8)

    def add(self, exact_key: bytes) -> None:
        bits = self._bits
        for number in _NUMBERS.unpack_from(exact_key):
            bits[(number & _MASK) >> 3] |= 1 << (number & 7)

    def may_have(self, exact_key: bytes) -> bool:
        """False only for a key that was never added."""
        bits = self._bits
        first, second, third = _NUMBERS.unpack_from(exact_key)
        return bool(
            bits[(first & _MASK) >> 3] >> (first & 7)
            & bits[(second & _MASK) >> 3] >> (second & 7)
            & bits[(third & _MASK) >> 3] >> (third & 7)
            & 1
        )
