"""Settled usage by hour, tenant, provider and model: what lets a new limit start right.

Usage belongs to the hour of its reserve, as it belongs to the windows of its reserve. Hours that no
window can reach any more are summed up as BEFORE, for limits over a lifetime.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.calls import Target
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import AMOUNT_MAX, NO_AMOUNTS, Amounts, by_meter, plus
from bursar_quota.domain.state import NS_PER_HOUR, State, UsageAxes
from bursar_quota.domain.windows import Window, WindowKind

BEFORE = -1
KINDS_OF_USE_MAX = 4096  # whose axes are shared
KEPT_NS = 33 * 24 * NS_PER_HOUR  # a month of 31 days in the time zone farthest off


def count(state: State, axes: UsageAxes, reserved_at_ns: int, used: Amounts, undo: Undo) -> None:
    """Adds to the hour; negative amounts take back."""
    hours = state.usage_hours.get(axes)
    if hours is None:
        hours = {}
        undo.put(state.usage_hours, axes, hours)
    hour = reserved_at_ns // NS_PER_HOUR
    undo.put(hours, hour, plus(hours.get(hour, NO_AMOUNTS), used))


@lru_cache(maxsize=KINDS_OF_USE_MAX)
def axes_of(tenant_id: str, target: Target) -> UsageAxes:
    return UsageAxes(tenant_id, target.provider, target.model)


def is_summed_up(limit: Limit) -> bool:
    """Whether the hours know what the limit's window already has. Others start at zero."""
    selector = limit.selector
    known = (selector.tenant_id, selector.provider, selector.model)
    asked = [value for value in (*selector.axis_values(), *selector.labels) if value]
    is_short = limit.window is WindowKind.MINUTE or 0 < limit.rolling_ns < NS_PER_HOUR
    return not is_short and len(asked) == sum(map(bool, known))


def settled_in(state: State, limit: Limit, window: Window) -> int:
    """What the limit would have counted in the window.

    An hour that lies only partly in the window counts whole: rounded up, against the tenant.
    """
    first_hour = window.starts_at_ns // NS_PER_HOUR if window.ends_at_ns else BEFORE
    end_ns = window.ends_at_ns or AMOUNT_MAX
    found = hours_of(state, limit)
    total = sum(
        amount for hour, amount in found if first_hour <= hour and hour * NS_PER_HOUR < end_ns
    )
    return max(0, min(total, AMOUNT_MAX))


def settled_since(state: State, limit: Limit, first_hour: int) -> tuple[int, int]:
    """What the limit would have counted from that hour on, and since when that was: since the first
    hour with any use, where that is later.
    """
    found = [(hour, amount) for hour, amount in hours_of(state, limit) if hour >= first_hour]
    since_hour = min((hour for hour, amount in found if amount), default=first_hour)
    return max(0, sum(amount for _, amount in found)), since_hour * NS_PER_HOUR


def hours_of(state: State, limit: Limit) -> Iterator[tuple[int, int]]:
    """Each hour of each sum that the limit selects, and what it counts of it."""
    selector = limit.selector
    for axes, hours in state.usage_hours.items():
        if (
            selector.tenant_id in ("", axes.tenant_id)
            and selector.provider in ("", axes.provider)
            and selector.model in ("", axes.model)
        ):
            for hour, used in hours.items():
                yield hour, by_meter(used)[limit.meter]


def sum_up_before(state: State, forget_before_ns: int, undo: Undo) -> None:
    """Folds the hours that no window reaches into BEFORE."""
    first_kept = (forget_before_ns - KEPT_NS) // NS_PER_HOUR
    for hours in state.usage_hours.values():
        for hour in [hour for hour in hours if BEFORE < hour < first_kept]:
            undo.put(hours, BEFORE, plus(hours.get(BEFORE, NO_AMOUNTS), hours[hour]))
            undo.drop(hours, hour)
