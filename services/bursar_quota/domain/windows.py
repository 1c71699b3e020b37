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


class Window(Struct, frozen=True, gc=False, array_like=True):
    """From `starts_at_ns` up to, but not including, `ends_at_ns`; a lifetime has 0 for both."""

    window_id: str
    starts_at_ns: int
    ends_at_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.ends_at_ns == 0 or self.starts_at_ns <= at_ns < self.ends_at_ns


LIFETIME = Window("lifetime", 0, 0)


class Calendar(Protocol):
    """Pure: the same question always has the same answer."""

    def window(self, kind: WindowKind, time_zone: str, at_ns: int) -> Window:
        """The window that holds the instant, in the time zone's wall time."""
        ...

    def text(self, time_zone: str, at_ns: int) -> str:
        """The instant for people, with its time zone."""
        ...
