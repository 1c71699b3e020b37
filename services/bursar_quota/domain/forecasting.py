"""When limits run out at the pace of the last hours. Only tells; nothing is decided by it."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.levels import Level
from bursar_quota.domain.state import NS_PER_HOUR, State
from bursar_quota.domain.usage_hours import is_summed_up, settled_since
from bursar_quota.domain.windows import WindowKind

PACE_HOURS = 24  # a whole day, so that nights count as they come
SHORT = frozenset({WindowKind.MINUTE, WindowKind.HOUR})  # their own window says more than a day


class Pace(Struct, frozen=True, gc=False):
    """What settled, and over which time up to now."""

    settled: int
    measured_over_ns: int

    @property
    def per_hour(self) -> int:
        """Rounded up."""
        return -(-self.settled * NS_PER_HOUR // self.measured_over_ns)

    def over(self, duration_ns: int) -> int:
        """What settles in the time, rounded up."""
        return -(-self.settled * duration_ns // self.measured_over_ns)

    def time_for_ns(self, amount: int) -> int:
        """How long the amount lasts; only for a pace above 0."""
        return amount * self.measured_over_ns // self.settled


class LimitForecast(Struct, frozen=True, gc=False):
    """`runs_out_at_ns` is 0 where it does not within its window; so is `expected_at_end` where
    there is no end.
    """

    level: Level
    pace: Pace
    runs_out_at_ns: int
    expected_at_end: int

    @property
    def place(self) -> tuple[bool, int, str]:
        """The first to run out comes first."""
        return self.runs_out_at_ns == 0, self.runs_out_at_ns, self.level.limit.limit_id


def forecast(state: State, levels: list[Level], now_ns: int) -> list[LimitForecast]:
    """In the order in which they run out, those that do not last."""
    return sorted((_of(state, level, now_ns) for level in levels), key=lambda one: one.place)


def _of(state: State, level: Level, now_ns: int) -> LimitForecast:
    pace = _pace(state, level, now_ns)
    ends_at_ns, expected = level.window.ends_at_ns, 0
    if ends_at_ns:
        expected = level.settled + level.held + pace.over(ends_at_ns - now_ns)
    return LimitForecast(level, pace, _runs_out_at_ns(level, pace, now_ns), expected)


def _runs_out_at_ns(level: Level, pace: Pace, now_ns: int) -> int:
    if level.available <= 0:
        return now_ns
    if pace.settled == 0:
        return 0
    at_ns = now_ns + pace.time_for_ns(level.available)
    is_in_window = at_ns < level.window.ends_at_ns or level.window.ends_at_ns == 0
    return at_ns if is_in_window else 0


def _pace(state: State, level: Level, now_ns: int) -> Pace:
    if is_summed_up(level.limit) and level.limit.window not in SHORT:
        first_hour = now_ns // NS_PER_HOUR - PACE_HOURS
        settled, since_ns = settled_since(state, level.limit, first_hour)
        return Pace(settled, max(1, now_ns - since_ns))
    return Pace(level.settled, max(1, now_ns - level.counted_since_ns))
