"""Admission: all limits that match hold at once, or nothing happens.

No admission takes settled + held above a hard limit. What takes nothing from a limit's meter is
never refused by it, even where the limit is exceeded: free work goes on when the money is gone.
"""

from __future__ import annotations

from msgspec import Struct

from bursar.errors import FailedPrecondition
from bursar.money import format_usd
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.levels import Bucket, Level, Opening
from bursar_quota.domain.limits import Mode, is_near, refusal, span_text
from bursar_quota.domain.meters import AMOUNT_MAX, Amounts, ByMeter, Meter, by_meter
from bursar_quota.domain.standing import carried_over, level_in, retry_after_ns, taken_besides
from bursar_quota.domain.state import LimitEntry, Met, State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.domain.windows import Window

MATCHING_LIMITS_MAX = 32  # so that an event that opens a bucket of each fits 16 KiB
MET_MAX = 65_536  # kinds of calls whose limits are remembered


class Denial(Struct, frozen=True, gc=False):
    """Why not. `retry_after_ns` 0 means that waiting does not help."""

    level: Level
    requested: int
    retry_after_ns: int

    @property
    def wait(self) -> tuple[bool, int, str]:
        """What to order by: the limit that is waited for longest comes last."""
        never = self.retry_after_ns == 0
        return never, self.retry_after_ns, self.level.limit.limit_id


class Verdict(Struct, frozen=True, gc=False):
    """Which buckets would be moved, or why they are not."""

    buckets: tuple[int, ...]
    opened: tuple[Opening, ...]
    is_near_limit: bool
    denial: Denial | None


def judge(
    state: State, attribution: Attribution, target: Target, amounts: Amounts, now: Now
) -> Verdict:
    """Whether the call may take its amounts, on all the limits that match it."""
    met = meet(state, attribution, target, now)
    denial, near = weigh(met.entries, met.buckets, by_meter(amounts, 1), now)
    if denial is not None:
        return Verdict((), (), near, denial)
    return Verdict(met.numbers, met.opened, near, None)


def weigh(
    entries: tuple[LimitEntry, ...], buckets: tuple[Bucket, ...], takes: ByMeter, now: Now
) -> tuple[Denial | None, bool]:
    """Why the limits' buckets cannot take so much, None where they can; and whether one is near."""
    denied: list[tuple[LimitEntry, Window, int]] = []
    near = False
    for entry, bucket in zip(entries, buckets, strict=True):
        limit = entry.limit
        take = takes[bucket.meter]
        level = bucket.settled + bucket.held + take
        amount = limit.amount
        if limit.rolling_ns:
            level += taken_besides(entry, bucket, now.ns)
        elif limit.carry_over_max:
            amount += carried_over(entry, bucket.window)
        if level > amount and take and limit.mode is not Mode.SOFT:
            denied.append((entry, bucket.window, take))
        near = near or is_near(level, amount)
    if not denied:
        return None, near
    denials = [_denial(*found, now.ns) for found in denied]
    return max(denials, key=lambda denial: denial.wait), near


def meet(state: State, attribution: Attribution, target: Target, now: Now) -> Met:
    """The limits that match and their buckets of now. Those that are not open yet are empty, and
    not in the state. Calls alike meet the same until a window ends or a limit changes.
    """
    kind = (attribution, target)
    met = state.met.get(kind)
    if met is None or not met.starts_at_ns <= now.ns < met.ends_at_ns:
        met = _met(state, matching(state, attribution, target), now)
        if not met.opened:
            if len(state.met) >= MET_MAX:
                state.met.clear()
            state.met[kind] = met
    return met


def _met(state: State, entries: tuple[LimitEntry, ...], now: Now) -> Met:
    buckets: list[Bucket] = []
    opened: list[Opening] = []
    for entry in entries:
        limit = entry.limit
        window = limit.window_at(now.terms.calendar, now.ns)
        bucket = entry.buckets.get(window.window_id)
        if bucket is None:
            number = state.now.buckets_opened + len(opened) + 1
            bucket = Bucket(number, limit.limit_id, limit.meter, window)
            opened.append(Opening(number, limit.limit_id, limit.meter, window))
        buckets.append(bucket)
    windows = [bucket.window for bucket in buckets if bucket.window.ends_at_ns]
    return Met(
        entries,
        tuple(buckets),
        tuple([bucket.number for bucket in buckets]),
        tuple(opened),
        max([window.starts_at_ns for window in windows], default=0),
        min([window.ends_at_ns for window in windows], default=AMOUNT_MAX),
    )


def matching(state: State, attribution: Attribution, target: Target) -> tuple[LimitEntry, ...]:
    """All limits that match. Raises FailedPrecondition where one event could not hold them all."""
    entries = state.shelves.matching(attribution, target)
    if len(entries) > MATCHING_LIMITS_MAX:
        raise FailedPrecondition(
            f"{len(entries)} limits match this call, and at most {MATCHING_LIMITS_MAX} may:"
            " delete those that are not needed"
        )
    return entries


def told(denial: Denial, terms: Terms) -> str:
    """For people: the sentence first, then how it stands."""
    level, limit = denial.level, denial.level.limit
    asked = amount_text(limit.meter, denial.requested)
    return f"{refusal(limit)}: {asked} asked for, {how_it_stands(level, terms)}"


def how_it_stands(level: Level, terms: Terms) -> str:
    """`500 of 1,000 left (0 settled, 500 held); the window ends …`."""
    limit = level.limit
    left, amount, settled, held = (
        amount_text(limit.meter, found)
        for found in (max(0, level.available), level.amount, level.settled, level.held)
    )
    until = _until(level, terms)
    return f"{left} of {amount} left ({settled} settled, {held} held); the window {until}"


def amount_text(meter: Meter, amount: int) -> str:
    """For people, in the meter's unit."""
    return format_usd(amount) if meter is Meter.COST_NANO_USD else f"{amount:,}"


def is_throttled(denial: Denial) -> bool:
    """Whether waiting helps, and is what the limit wants."""
    return denial.level.limit.mode is Mode.THROTTLE and denial.retry_after_ns > 0


def _until(level: Level, terms: Terms) -> str:
    limit, ends_at_ns = level.limit, level.window.ends_at_ns
    if limit.rolling_ns:
        return f"is the last {span_text(limit.rolling_ns)}"
    if not ends_at_ns:
        return "never ends"
    return f"ends {terms.calendar.text(limit.time_zone, ends_at_ns)}"


def _denial(entry: LimitEntry, window: Window, requested: int, now_ns: int) -> Denial:
    level = level_in(entry, window)
    return Denial(level, requested, retry_after_ns(entry, level, requested, now_ns))
