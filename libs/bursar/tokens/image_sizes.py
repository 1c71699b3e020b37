"""Width and height of an image from its first bytes: PNG, GIF, JPEG and WebP."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width, height, in pixels."""

# A JPEG's size stands behind its metadata, which cameras fill with a preview.
HEADER_BASE64_CHARACTERS = 256 * 1024


def size_of_base64(data: str) -> Size | None:
    """The size of an image given in base64; None when it is none of the four, or damaged."""
    head = data[:HEADER_BASE64_CHARACTERS]
    try:
        content = b64decode(head[: len(head) // 4 * 4])
    except (Base64Error, ValueError):
        return None
    return size_of(content)


def size_of(content: bytes) -> Size | None:
    """The size of an image given by at least its head; None when it cannot be told."""
    for signature, read in _READERS:
        if content.startswith(signature):
            size = read(content)
            return size if size is not None and min(size) > 0 else None
    return None


def _png(content: bytes) -> Size | None:
    return _two(content, 16, 4, "big")


def _gif(content: bytes) -> Size | None:
    return _two(content, 6, 2, "little")


def _webp(content: bytes) -> Size | None:
    kind = content[8:16]
    if kind == b"WEBPVP8X" and len(content) >= 30:
        return _number(content[24:27]) + 1, _number(content[27:30]) + 1
    if kind == b"WEBPVP8L" and len(content) >= 25:
        packed = _number(content[21:25])
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if kind == b"WEBPVP8 ":
        size = _two(content, 26, 2, "little")
        return (size[0] & 0x3FFF, size[1] & 0x3FFF) if size is not None else None
    return None


def _jpeg(content: bytes) -> Size | None:
    """Walks from segment to segment to the frame header, which gives height, then width."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:  # padding
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height_width = _two(content, place + 5, 2, "big")
            return None if height_width is None else (height_width[1], height_width[0])
        else:
            place += 2 + max(2, int.from_bytes(content[place + 2 : place + 4], "big"))
    return None


def _two(content: bytes, place: int, width_bytes: int, order: str) -> Size | None:
    """Two neighbouring whole numbers of `width_bytes` each."""
    middle, end = place + width_bytes, place + 2 * width_bytes
    if len(content) < end:
        return None
    if order == "big":
        return int.from_bytes(content[place:middle], "big"), int.from_bytes(
            content[middle:end], "big"
        )
    return _number(content[place:middle]), _number(content[middle:end])


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


_READERS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF8", _gif),
    (b"\xff\xd8", _jpeg),
    (b"RIFF", _webp),
)
