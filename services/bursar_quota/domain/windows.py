"""The stretches of time that limits count over. How they fall is the calendar's knowledge."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from msgspec import Struct


class WindowKind(IntEnum):
    """Numbers as in the contract."""

    MINUTE = 1
    HOUR = 2
    DAY = 3
    WEEK = 4
    MONTH = 5
    LIFETIME = 6
    ROLLING = 7


class Window(Struct, frozen=True, gc=False, array_like=True):
    """From `starts_at_ns` up to, but not including, `ends_at_ns`; a lifetime has 0 for both."""

    window_id: str
    starts_at_ns: int
    ends_at_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.ends_at_ns == 0 or self.starts_at_ns <= at_ns < self.ends_at_ns


LIFETIME = Window("lifetime", 0, 0)
ROLLING_PARTS = 60


def rolling_part(length_ns: int, at_ns: int) -> Window:
    """The part of a rolling window of that length that holds the instant: parts are counted from
    1970, and 60 of them are at least the length.
    """
    part_ns = -(-length_ns // ROLLING_PARTS)
    number = at_ns // part_ns
    return Window(f"part-{number}", number * part_ns, (number + 1) * part_ns)


def part_number(part: Window) -> int:
    """Which part of a rolling window it is, since 1970."""
    return part.starts_at_ns // (part.ends_at_ns - part.starts_at_ns)


class Calendar(Protocol):
    """Pure: the same question always has the same answer."""

    def window(self, kind: WindowKind, time_zone: str, at_ns: int) -> Window:
        """The window that holds the instant, in the time zone's wall time."""
        ...

    def text(self, time_zone: str, at_ns: int) -> str:
        """The instant for people, with its time zone."""
        ...
