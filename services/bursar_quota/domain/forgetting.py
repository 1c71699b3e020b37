"""Forgetting, by the horizon that an event names: the same on every replay."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.alerts import forget_alerts
from bursar_quota.domain.expiry import CHARGED_KEPT_NS
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.old import time_segment_of
from bursar_quota.domain.state import SEGMENT_NS, State
from bursar_quota.domain.usage_hours import KEPT_NS, sum_up_before

Kept = TypeVar("Kept")


def forget(state: State, before_ns: int, undo: Undo) -> None:
    """Operations and ended reservations, windows that ended, charges that nobody settled."""
    _drop_segments(state.operations, before_ns, undo)
    _drop_segments(state.old_operations.segments, before_ns, undo)
    _drop_segments(state.ended, before_ns, undo)
    _drop_segments(state.old_ended.segments, before_ns, undo)
    _drop_windows(state, before_ns, undo)
    state.met.clear()
    for reservation_id, reservation in list(state.reservations.items()):
        if 0 < reservation.charged_at_ns < before_ns - CHARGED_KEPT_NS:
            undo.drop(state.reservations, reservation_id)
    sum_up_before(state, before_ns, undo)
    forget_alerts(state, before_ns, undo)
    present = state.now
    undo.put(state.standpoint, None, replace(present, forgotten_before_ns=before_ns))


def _drop_segments(segments: dict[int, Kept], before_ns: int, undo: Undo) -> None:
    over = [number for number in segments if _ends_at_ns(number) <= before_ns]
    for number in over:
        undo.drop(segments, number)


def _ends_at_ns(number: int) -> int:
    return (time_segment_of(number) + 1) * SEGMENT_NS


def _drop_windows(state: State, before_ns: int, undo: Undo) -> None:
    """Those that hold something are kept: their calls are still under way."""
    for entry in state.limits.values():
        over = [
            bucket
            for bucket in entry.buckets.values()
            if bucket.held == 0
            and 0 < bucket.window.ends_at_ns < before_ns - _counts_on_ns(entry.limit)
        ]
        for bucket in over:
            undo.drop(entry.buckets, bucket.window.window_id)
            undo.drop(state.buckets, bucket.number)


def _counts_on_ns(limit: Limit) -> int:
    """How long after its end a window is still looked at."""
    return max(limit.rolling_ns * 2, KEPT_NS if limit.carry_over_max else 0)
