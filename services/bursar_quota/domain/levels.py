"""Where limits stand: their buckets, and how they are shown."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.windows import Window


class Opening(Struct, frozen=True, gc=False, array_like=True):
    """A bucket that an event is the first to move, under the number it gets."""

    number: int
    limit_id: str
    meter: Meter
    window: Window


class Earlier(Struct, frozen=True, gc=False, array_like=True):
    """A part of a rolling window from before its limit, and what was settled in it."""

    opening: Opening
    settled: int


class Bucket(Struct, gc=False, array_like=True):
    """A limit in one window: used and accounted for, and set aside for calls under way.

    Changed in place, by `moves` alone: six are moved for each call.
    """

    number: int
    limit_id: str
    meter: Meter
    window: Window
    settled: int = 0
    held: int = 0


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
    carried_over: int = 0
    is_pending: bool = False

    @property
    def amount(self) -> int:
        """With what the window before left over."""
        return self.limit.amount + self.carried_over

    @property
    def available(self) -> int:
        """Negative after a settle above its hold, or where the limit was lowered."""
        return self.amount - self.settled - self.held
