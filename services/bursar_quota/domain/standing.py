"""Where a limit stands: in its window, with what the window before left over, or over the last
parts of a rolling one.
"""

from __future__ import annotations

from bursar_quota.domain.levels import Bucket, Level
from bursar_quota.domain.limits import Limit, span_text
from bursar_quota.domain.state import NS_PER_S, LimitEntry
from bursar_quota.domain.windows import ROLLING_PARTS, Window, part_number, rolling_part

RETRY_WHILE_HELD_NS = NS_PER_S  # calls under way give back what they do not use


def level_in(entry: LimitEntry, window: Window) -> Level:
    """Where the limit stands in the window; of a rolling one `window` is the present part."""
    limit, bucket = entry.limit, entry.buckets.get(window.window_id)
    settled, held = (0, 0) if bucket is None else (bucket.settled, bucket.held)
    shown = window
    if limit.rolling_ns:
        shown = rolling_window(limit, window)
        for part in earlier_parts(entry, window):
            settled += part.settled
            held += part.held
    since_ns = max(entry.counted_since_ns, shown.starts_at_ns)
    carried = carried_over(entry, window)
    return Level(limit, shown, settled, held, since_ns, carried, entry.is_pending)


def rolling_window(limit: Limit, part: Window) -> Window:
    """All parts that count at the end of the present one."""
    length_ns = part.ends_at_ns - part.starts_at_ns
    name = f"rolling-{span_text(limit.rolling_ns)}"
    return Window(name, part.starts_at_ns - ROLLING_PARTS * length_ns, part.ends_at_ns)


def earlier_parts(entry: LimitEntry, part: Window) -> list[Bucket]:
    """What the 60 parts before hold, oldest first: with the present one they cover the length at
    any moment, and a little more, rounded against the tenant.
    """
    number = part_number(part)
    return _parts(entry, number - ROLLING_PARTS, number - 1)


def taken_besides(entry: LimitEntry, bucket: Bucket, now_ns: int) -> int:
    """What counts together with a part of a rolling window: the 60 before it and, where the part
    is of earlier, those after it, as each may be in one window with it.
    """
    number = part_number(bucket.window)
    present = part_number(rolling_part(entry.limit.rolling_ns, now_ns))
    before = _parts(entry, number - ROLLING_PARTS, number - 1)
    after = _parts(entry, number + 1, min(present, number + ROLLING_PARTS))
    return sum(part.settled + part.held for part in (*before, *after))


def carried_over(entry: LimitEntry, window: Window) -> int:
    """What the window before left unused, as far as the limit carries it over: nothing where the
    limit was made in this one.
    """
    limit = entry.limit
    if not limit.carry_over_max or entry.made_at_ns >= window.starts_at_ns:
        return 0
    left = limit.amount
    for bucket in entry.buckets.values():
        if bucket.window.ends_at_ns == window.starts_at_ns:
            left -= bucket.settled + bucket.held
    return max(0, min(left, limit.carry_over_max))


def retry_after_ns(entry: LimitEntry, level: Level, requested: int, now_ns: int) -> int:
    """How long to wait until it may fit; 0 where waiting does not help."""
    limit = level.limit
    if requested > limit.amount + limit.carry_over_max:
        return 0  # it does not fit even an empty window
    if level.settled + requested <= level.amount:
        return RETRY_WHILE_HELD_NS
    if limit.rolling_ns:
        return _until_parts_are_over_ns(entry, level, requested, now_ns)
    return max(0, level.window.ends_at_ns - now_ns)


def _until_parts_are_over_ns(entry: LimitEntry, level: Level, requested: int, now_ns: int) -> int:
    """Until so many of the oldest parts are over that what is settled in the others leaves room."""
    part = rolling_part(entry.limit.rolling_ns, now_ns)
    too_much = level.settled + requested - level.amount
    length_ns = part.ends_at_ns - part.starts_at_ns
    for earlier in earlier_parts(entry, part):
        too_much -= earlier.settled
        if too_much <= 0:
            return earlier.window.ends_at_ns + ROLLING_PARTS * length_ns - now_ns
    return part.ends_at_ns + ROLLING_PARTS * length_ns - now_ns


def _parts(entry: LimitEntry, first: int, last: int) -> list[Bucket]:
    find = entry.buckets.get
    return [bucket for number in range(first, last + 1) if (bucket := find(f"part-{number}"))]
