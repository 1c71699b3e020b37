"""Calendar windows in any time zone: half open, without gap or overlap, summer time included.

Days, weeks and months are bounded by local midnights, so a day may have 23 or 25 hours. Hours and
minutes have their length; only a change of the clock that is not a whole hour cuts one short. Time
zones are read from the tzdata package alone, so that every machine decides the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from bursar_quota.domain.windows import LIFETIME, Window, WindowKind

NS_PER_S = 1_000_000_000
MINUTE_S = 60
HOUR_S = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MONTHS_IN_YEAR = 12


class ZonedCalendar:
    """Remembers the latest window of each kind and zone: one is asked for six times a call."""

    def __init__(self) -> None:
        self._latest: dict[str, list[Window | None]] = {}

    def window(self, kind: WindowKind, time_zone: str, at_ns: int) -> Window:
        latest = self._latest.get(time_zone)
        if latest is None:
            latest = self._latest[time_zone] = [None] * (len(WindowKind) + 1)
        window = latest[kind]
        if window is not None and window.starts_at_ns <= at_ns < window.ends_at_ns:
            return window
        window = window_at(kind, time_zone, at_ns)
        latest[kind] = window
        return window

    def text(self, time_zone: str, at_ns: int) -> str:
        local = _local(at_ns // NS_PER_S, _zone(time_zone))
        return f"{local:%Y-%m-%d %H:%M:%S} {time_zone}"


def is_time_zone(name: str) -> bool:
    """Whether the tzdata package has a zone of this name."""
    return name in _zone_names()


def window_at(kind: WindowKind, time_zone: str, at_ns: int) -> Window:
    """The window of `kind` that holds the instant, from 1970 to 9998. Raises KeyError for a zone
    that is not known.
    """
    if kind is WindowKind.LIFETIME:
        return LIFETIME
    zone = _zone(time_zone)
    at_s = at_ns // NS_PER_S
    if kind is WindowKind.MINUTE:
        return _of_fixed_length(MINUTE_S, "%Y-%m-%dT%H:%M", at_s, zone)
    if kind is WindowKind.HOUR:
        return _of_fixed_length(HOUR_S, "%Y-%m-%dT%H", at_s, zone)
    return _of_days(_PERIODS[kind], at_s, zone)


def _of_fixed_length(length_s: int, id_format: str, at_s: int, zone: ZoneInfo) -> Window:
    offset_s = _offset_s(at_s, zone)
    start_s = (at_s + offset_s) // length_s * length_s - offset_s
    end_s = start_s + length_s
    if _offset_s(start_s, zone) != offset_s:
        start_s = _change_of_offset_s(start_s, at_s, zone)
    if _offset_s(end_s - 1, zone) != offset_s:
        end_s = _change_of_offset_s(at_s, end_s - 1, zone)
    local = _local(at_s, zone)
    again = f"{local:%z}" if local.fold else ""  # the second time that the clock shows this
    return Window(f"{local.strftime(id_format)}{again}", start_s * NS_PER_S, end_s * NS_PER_S)


def _change_of_offset_s(before_s: int, after_s: int, zone: ZoneInfo) -> int:
    """The first second of the new offset, in (before, after]."""
    old_s = _offset_s(before_s, zone)
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset_s(middle_s, zone) == old_s:
            before_s = middle_s
        else:
            after_s = middle_s
    return after_s


def _of_days(
    period: tuple[Callable[[date], date], Callable[[date], date], str], at_s: int, zone: ZoneInfo
) -> Window:
    first_day, next_first_day, id_format = period
    day = first_day(_local(at_s, zone).date())
    # Where clocks go back over midnight, a moment with the old date lies behind the new midnight.
    while at_s >= _midnight_s(next_first_day(day), zone):
        day = next_first_day(day)
    while at_s < _midnight_s(day, zone):
        day = first_day(day - _DAY)
    starts_at_s, ends_at_s = _midnight_s(day, zone), _midnight_s(next_first_day(day), zone)
    return Window(day.strftime(id_format), starts_at_s * NS_PER_S, ends_at_s * NS_PER_S)


def _midnight_s(day: date, zone: ZoneInfo) -> int:
    """The first moment of the day. Where clocks skip midnight, the moment they do; where they show
    it twice, the first.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)


def _local(at_s: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(seconds=at_s)).astimezone(zone)


def _offset_s(at_s: int, zone: ZoneInfo) -> int:
    offset = _local(at_s, zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _first_of_next_month(day: date) -> date:
    if day.month == _MONTHS_IN_YEAR:
        return date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)


# First day of the period, first day of the next, and the format of its id.
_PERIODS: dict[WindowKind, tuple[Callable[[date], date], Callable[[date], date], str]] = {
    WindowKind.DAY: (lambda day: day, lambda day: day + _DAY, "%Y-%m-%d"),
    WindowKind.WEEK: (_monday, lambda day: day + 7 * _DAY, "%G-W%V"),
    WindowKind.MONTH: (_first_of_month, _first_of_next_month, "%Y-%m"),
}


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    if name not in _zone_names():  # also keeps `..` out of the path
        raise KeyError(name)
    path = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())
