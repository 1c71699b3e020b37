"""Ids that sort by time: UUIDv7 in hex, behind a word that says of what.

Source: RFC 9562, section 5.7.
"""

from __future__ import annotations

import os

NS_PER_MS = 1_000_000


def new_id(kind: str, now_ns: int) -> str:
    """`task_0199…`: 48 bits of milliseconds, then 74 random ones."""
    timestamp_ms = (now_ns // NS_PER_MS) & ((1 << 48) - 1)
    noise = int.from_bytes(os.urandom(10), "big")
    high = (timestamp_ms << 16) | 0x7000 | (noise >> 68) & 0x0FFF
    low = (1 << 63) | (noise & ((1 << 62) - 1))
    return f"{kind}_{high:016x}{low:016x}"
