"""Pieces of a text replaced by others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Edit(NamedTuple):
    """The bytes from `begin` to before `end` become `text`."""

    begin: int
    end: int
    text: bytes = b""


def edited(source: bytes, edits: Iterable[Edit]) -> bytes:
    """All edits made at once. Of edits that overlap, the one that begins first is made."""
    parts: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.begin, -edit.end)):
        if edit.begin < at:
            continue
        parts += (source[at : edit.begin], edit.text)
        at = edit.end
    parts.append(source[at:])
    return b"".join(parts)
