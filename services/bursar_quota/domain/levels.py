"""Where limits stand: the counters, how they move, and how they are shown."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.limits import Limit
from bursar_quota.domain.windows import Window


class Move(Struct, frozen=True, gc=False, array_like=True):
    """What an event adds to the counter of one limit in one window."""

    limit_id: str
    window_id: str
    settled_delta: int
    held_delta: int
    window_ends_at_ns: int


class Counter(Struct, frozen=True, gc=False, array_like=True):
    """Used and accounted for; set aside for calls under way."""

    settled: int
    held: int
    window_ends_at_ns: int


class Level(Struct, frozen=True, gc=False, array_like=True):
    """A limit in one window, as it is shown.

    It counts everything since `counted_since_ns`; that is later than the window's start only in the
    window in which the limit was made.
    """

    limit: Limit
    window: Window
    settled: int
    held: int
    counted_since_ns: int

    @property
    def available(self) -> int:
        """Negative after a settle above its hold, or where the limit was lowered."""
        return self.limit.amount - self.settled - self.held
