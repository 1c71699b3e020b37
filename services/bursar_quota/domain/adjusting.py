"""Corrections of what was settled, by a person who says why."""

from __future__ import annotations

from bursar.errors import InvalidRequest
from bursar_quota.domain.admission import meet
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.commands import Adjust
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import UsageAdjusted
from bursar_quota.domain.levels import Bucket, Opening
from bursar_quota.domain.meters import by_meter
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now


def adjust(state: State, command: Adjust, now: Now) -> Decided:
    """Counts on every limit that matches, in the windows in which it was used.

    No level falls below 0: a limit may have counted less than is taken back. A window that ended
    and that nothing counts any more stays forgotten.
    """
    used_at_ns = command.used_at_ns or now.ns
    if used_at_ns > now.ns:
        raise InvalidRequest.of("used_at_ns", used_at_ns, "name a time that has come")
    buckets, opened = _buckets(state, command, used_at_ns, now)
    adds = by_meter(command.amounts)
    number = state.now.event_number + 1
    event = UsageAdjusted(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=command.origin,
        attribution=command.attribution,
        target=command.target,
        amounts=command.amounts,
        used_at_ns=used_at_ns,
        buckets=tuple(bucket.number for bucket in buckets),
        opened=opened,
        settled_deltas=tuple(max(adds[bucket.meter], -bucket.settled) for bucket in buckets),
    )
    return caused(event, Recorded(number))


def _buckets(
    state: State, command: Adjust, used_at_ns: int, now: Now
) -> tuple[list[Bucket], tuple[Opening, ...]]:
    """Those of the time of use. New ones are opened in the present alone."""
    met = meet(state, command.attribution, command.target, now)
    buckets: list[Bucket] = []
    opened: list[Opening] = []
    for entry, present in zip(met.entries, met.buckets, strict=True):
        limit = entry.limit
        window = limit.window_at(now.terms.calendar, used_at_ns)
        bucket = entry.buckets.get(window.window_id)
        if bucket is None and window == present.window:
            number = state.now.buckets_opened + len(opened) + 1
            bucket = Bucket(number, limit.limit_id, limit.meter, window)
            opened.append(Opening(number, limit.limit_id, limit.meter, window))
        if bucket is not None:
            buckets.append(bucket)
    return buckets, tuple(opened)
