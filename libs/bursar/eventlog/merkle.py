"""A Merkle tree over salted events, so that one can be shown without showing its neighbours.

Source: RFC 6962, section 2.1 (leaf prefix 0x00, node prefix 0x01, an odd node rises unchanged);
what differs: a leaf is a random salt and the event, so that a hash tells nothing about an event
that could be guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
SALT_BYTES = 16
EMPTY_ROOT = sha256(b"").digest()

LEAF_PREFIX = b"\x00"
_NODE = b"\x01"


def leaf_hash(salt: bytes, event_bytes: bytes) -> bytes:
    """SHA-256 of 0x00, the salt (16 bytes) and the event."""
    return sha256(LEAF_PREFIX + salt + event_bytes).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash that stands for all `leaves` in their order; SHA-256 of nothing for none."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The neighbours' hashes, lowest first, that lead from leaf `index` to the root."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    hashes: list[bytes] = []
    level = leaves
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            hashes.append(level[sibling])
        level = _level_above(level)
        index >>= 1
    return hashes


def verify(leaf: bytes, index: int, count: int, hashes: Sequence[bytes], expected: bytes) -> bool:
    """Whether `leaf` is leaf `index` of `count` under the root `expected`, by its path `hashes`."""
    return root_by(leaf, index, count, hashes) == expected


def root_by(leaf: bytes, index: int, count: int, hashes: Sequence[bytes]) -> bytes | None:
    """The root of `count` leaves of which `leaf` is the one at `index`; None for a path that is too
    short, too long, or of a place that there is not.
    """
    if not 0 <= index < count:
        return None
    found, remaining = leaf, list(hashes)
    while count > 1:
        if index ^ 1 < count:
            if not remaining:
                return None
            sibling = remaining.pop(0)
            pair = sibling + found if index & 1 else found + sibling
            found = sha256(_NODE + pair).digest()
        index, count = index >> 1, (count + 1) >> 1
    return None if remaining else found


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    pairs = iter(level)
    above = [
        sha256(_NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=False)
    ]
    if len(level) & 1:
        above.append(level[-1])
    return above
