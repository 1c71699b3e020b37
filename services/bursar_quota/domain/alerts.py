"""Alerts: once for each limit, window and threshold, when what is settled passes it.

Looked for at every tick of the writer, among the buckets that were moved since: so no reservation
waits for it, whatever caused the use.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bursar.eventlog.decider import Decision
from bursar.eventlog.tentative import Undo
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.calls import Origin
from bursar_quota.domain.commands import RaiseAlerts
from bursar_quota.domain.decision import Decided
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.levels import Bucket, Level
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.standing import level_in
from bursar_quota.domain.state import Alerted, LimitEntry, State
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import Window

ALERTS_AT_ONCE_MAX = 64  # so that they fit a frame; the next look takes the rest
ALERTS_KEPT_MAX = 1_000  # the newest, to be asked for
REACHED_PCT = 100


def alerts_due(state: State, now: Now) -> RaiseAlerts | None:
    """None where no bucket that was moved is above a threshold that was not told of; those are
    looked at no more.
    """
    for number in list(state.touched):
        if any(_untold(state, number, now)):
            return RaiseAlerts()
        state.touched.discard(number)
    return None


def raise_alerts(state: State, command: RaiseAlerts, now: Now) -> Decided:
    """An event for each threshold."""
    number = state.now.event_number
    found = islice(_all_untold(state, now), ALERTS_AT_ONCE_MAX)
    events = tuple(
        AlertRaised(
            number=number + place,
            at_ns=now.ns,
            origin=Origin(tenant_id=level.limit.selector.tenant_id),
            level=level,
            threshold_pct=pct,
            period=period,
        )
        for place, (level, pct, period) in enumerate(found, start=1)
    )
    return Decision(events, Recorded(number + len(events)))


def remember_alert(state: State, event: AlertRaised, undo: Undo) -> None:
    """Not again in this period; and the newest are kept."""
    limit_id = event.level.limit.limit_id
    alerted = state.alerted.get(limit_id)
    if alerted is None:
        alerted = {}
        undo.put(state.alerted, limit_id, alerted)
    told = Alerted(event.threshold_pct, event.period.ends_at_ns)
    undo.put(alerted, event.period.window_id, told)
    undo.put(state.alerts, event.number, event)
    if len(state.alerts) > ALERTS_KEPT_MAX:
        undo.drop(state.alerts, min(state.alerts))


def forget_alerts(state: State, before_ns: int, undo: Undo) -> None:
    """Those of periods that ended before."""
    for alerted in state.alerted.values():
        over = [name for name, told in alerted.items() if 0 < told.period_ends_at_ns < before_ns]
        for name in over:
            undo.drop(alerted, name)


def is_passed(level: Level, pct: int) -> bool:
    """More than the percentage; 100 when it is reached. Of nothing, by anything."""
    if pct == REACHED_PCT and level.amount:
        return level.settled >= level.amount
    return level.settled * REACHED_PCT > level.amount * pct


def _all_untold(state: State, now: Now) -> Iterator[tuple[Level, int, Window]]:
    """Each once, though several parts of a rolling window were moved."""
    found: dict[tuple[str, str, int], tuple[Level, int, Window]] = {}
    for number in sorted(state.touched):
        for level, pct, period in _untold(state, number, now):
            found.setdefault((level.limit.limit_id, period.window_id, pct), (level, pct, period))
    yield from found.values()


def _untold(state: State, number: int, now: Now) -> Iterator[tuple[Level, int, Window]]:
    """The thresholds that the bucket's limit has passed and that were not told of."""
    bucket = state.buckets.get(number)
    if bucket is None:
        return
    entry = state.limits[bucket.limit_id]
    window = _present(entry, bucket, now)
    period = _period(entry.limit, window)
    told = state.alerted.get(bucket.limit_id, {}).get(period.window_id)
    level = level_in(entry, window)
    for pct in entry.limit.alert_pcts:
        if (told is None or pct > told.threshold_pct) and is_passed(level, pct):
            yield level, pct, period


def _present(entry: LimitEntry, bucket: Bucket, now: Now) -> Window:
    """The bucket's own window, though it may be over; of a rolling one, the present part."""
    limit = entry.limit
    return limit.window_at(now.terms.calendar, now.ns) if limit.rolling_ns else bucket.window


def _period(limit: Limit, window: Window) -> Window:
    """What an alert is given once for: the window; of a rolling one, each stretch of its length
    since 1970.
    """
    if not limit.rolling_ns:
        return window
    number = window.starts_at_ns // limit.rolling_ns
    starts_at_ns = number * limit.rolling_ns
    return Window(f"stretch-{number}", starts_at_ns, starts_at_ns + limit.rolling_ns)
