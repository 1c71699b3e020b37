"""Protobuf's wire format, written directly: for events that come with each call.

What stays the same from one event to the next is encoded once.
Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

ENCODED_MAX = 4096  # values whose bytes are remembered
_VARINT, _LENGTH = 0, 2  # wire types
_SEVEN_BITS, _MORE = 0x7F, 0x80


@lru_cache(maxsize=ENCODED_MAX)
def varint(value: int) -> bytes:
    """Of an integer from 0 to 2^64 - 1."""
    encoded = bytearray()
    while value > _SEVEN_BITS:
        encoded.append(value & _SEVEN_BITS | _MORE)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number_tag(field_number: int) -> bytes:
    """What stands before an integer or a truth value."""
    return varint(field_number << 3 | _VARINT)


def bytes_tag(field_number: int) -> bytes:
    """What stands before bytes, a text, a message or a packed list; then comes the length."""
    return varint(field_number << 3 | _LENGTH)


def bytes_field(tag: bytes, value: bytes) -> bytes:
    return tag + varint(len(value)) + value


def text_field(tag: bytes, value: str) -> bytes:
    encoded = value.encode()
    return tag + varint(len(encoded)) + encoded


@lru_cache(maxsize=ENCODED_MAX)
def packed_field(tag: bytes, values: tuple[int, ...]) -> bytes:
    """Integers >= 0; no field for none."""
    return bytes_field(tag, joined(map(varint, values))) if values else b""


joined = b"".join


def unpacked(packed: bytes) -> Iterable[int]:
    """The integers of a packed list. Raises ValueError where one is cut off."""
    value = shift = 0
    for byte in packed:
        value |= (byte & _SEVEN_BITS) << shift
        shift += 7
        if not byte & _MORE:
            yield value
            value = shift = 0
    if shift:
        raise ValueError("a packed list ends within a number")
