"""A limit that was pending is counted whole, once its window has been read from the log."""

from __future__ import annotations

from bursar.eventlog.decider import Decision
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.calls import Origin
from bursar_quota.domain.commands import CountLimit
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import LimitCounted
from bursar_quota.domain.levels import Bucket, Opening
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now


def count_limit(state: State, command: CountLimit, now: Now) -> Decided:
    """Nothing happens where the limit was changed or deleted meanwhile."""
    entry = state.limits.get(command.limit_id)
    if entry is None or entry.made_by != command.made_by or not entry.is_pending:
        return Decision((), Recorded(state.now.event_number))
    buckets: list[Bucket] = []
    opened: list[Opening] = []
    for window, _ in command.settled:
        bucket = entry.buckets.get(window.window_id)
        if bucket is None:
            number = state.now.buckets_opened + len(opened) + 1
            bucket = Bucket(number, command.limit_id, entry.limit.meter, window)
            opened.append(Opening(number, command.limit_id, entry.limit.meter, window))
        buckets.append(bucket)
    event = LimitCounted(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        origin=Origin(tenant_id=entry.limit.selector.tenant_id),
        limit_id=command.limit_id,
        made_by=command.made_by,
        buckets=tuple(bucket.number for bucket in buckets),
        opened=tuple(opened),
        settled_deltas=tuple(settled for _, settled in command.settled),
    )
    return caused(event, Recorded(event.number))
