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
from bursar_quota.domain.limits import Mode, is_near, refusal
from bursar_quota.domain.meters import Amounts, Meter, by_meter
from bursar_quota.domain.state import NS_PER_S, LimitEntry, State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.domain.windows import Window

MATCHING_LIMITS_MAX = 32  # so that an event that opens a bucket of each fits 16 KiB
RETRY_WHILE_HELD_NS = NS_PER_S  # calls under way give back what they do not use


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


class Met(Struct, frozen=True, gc=False):
    """The limits that a call meets, with a bucket each, and the openings of those that are new."""

    entries: tuple[LimitEntry, ...]
    buckets: tuple[Bucket, ...]
    numbers: tuple[int, ...]
    opened: tuple[Opening, ...]


def judge(
    state: State, attribution: Attribution, target: Target, amounts: Amounts, now: Now
) -> Verdict:
    """Whether the call may take its amounts, on all the limits that match it."""
    takes = by_meter(amounts)
    met = meet(state, attribution, target, now)
    denied: list[tuple[LimitEntry, Window, int]] = []
    near = False
    for entry, bucket in zip(met.entries, met.buckets, strict=True):
        limit = entry.limit
        take = takes[limit.meter]
        level = bucket.settled + bucket.held + take
        if level > limit.amount and take and limit.mode is Mode.HARD:
            denied.append((entry, bucket.window, take))
        if not near:
            near = is_near(level, limit.amount)
    if denied:
        denials = [_denial(*found, now.ns) for found in denied]
        return Verdict((), (), near, max(denials, key=lambda denial: denial.wait))
    return Verdict(met.numbers, met.opened, near, None)


def meet(state: State, attribution: Attribution, target: Target, now: Now) -> Met:
    """The limits that match and their buckets of now. Those that are not open yet are empty, and
    not in the state.
    """
    entries = matching(state, attribution, target)
    window_of, now_ns = now.terms.calendar.window, now.ns
    buckets: list[Bucket] = []
    opened: list[Opening] = []
    for entry in entries:
        limit = entry.limit
        window = window_of(limit.window, limit.time_zone, now_ns)
        bucket = entry.buckets.get(window.window_id)
        if bucket is None:
            number = state.now.buckets_opened + len(opened) + 1
            bucket = Bucket(number, limit.limit_id, limit.meter, window)
            opened.append(Opening(number, limit.limit_id, limit.meter, window))
        buckets.append(bucket)
    numbers = tuple([bucket.number for bucket in buckets])
    return Met(entries, tuple(buckets), numbers, tuple(opened))


def matching(state: State, attribution: Attribution, target: Target) -> tuple[LimitEntry, ...]:
    """All limits that match. Raises FailedPrecondition where one event could not hold them all."""
    entries = state.shelves.matching(attribution, target)
    if len(entries) > MATCHING_LIMITS_MAX:
        raise FailedPrecondition(
            f"{len(entries)} limits match this call, and at most {MATCHING_LIMITS_MAX} may:"
            " delete those that are not needed"
        )
    return entries


def level_in(entry: LimitEntry, window: Window) -> Level:
    """Where the limit stands in the window."""
    bucket = entry.buckets.get(window.window_id)
    settled, held = (0, 0) if bucket is None else (bucket.settled, bucket.held)
    since_ns = max(entry.counted_since_ns, window.starts_at_ns)
    return Level(entry.limit, window, settled, held, since_ns)


def told(denial: Denial, terms: Terms) -> str:
    """For people: the sentence first, then how it stands."""
    level, limit = denial.level, denial.level.limit
    asked = amount_text(limit.meter, denial.requested)
    return f"{refusal(limit)}: {asked} asked for, {how_it_stands(level, terms)}"


def how_it_stands(level: Level, terms: Terms) -> str:
    """`500 of 1,000 left (0 settled, 500 held); the window ends …`."""
    limit, ends_at_ns = level.limit, level.window.ends_at_ns
    ends = "never ends"
    if ends_at_ns:
        ends = f"ends {terms.calendar.text(limit.time_zone, ends_at_ns)}"
    left, amount, settled, held = (
        amount_text(limit.meter, found)
        for found in (max(0, level.available), limit.amount, level.settled, level.held)
    )
    return f"{left} of {amount} left ({settled} settled, {held} held); the window {ends}"


def amount_text(meter: Meter, amount: int) -> str:
    """For people, in the meter's unit."""
    return format_usd(amount) if meter is Meter.COST_NANO_USD else f"{amount:,}"


def retry_after_ns(level: Level, requested: int, now_ns: int) -> int:
    """How long to wait until it may fit; 0 where waiting does not help."""
    amount = level.limit.amount
    if requested > amount:
        return 0  # it does not fit even an empty window
    if level.settled + requested <= amount:
        return RETRY_WHILE_HELD_NS
    return max(0, level.window.ends_at_ns - now_ns)


def _denial(entry: LimitEntry, window: Window, requested: int, now_ns: int) -> Denial:
    level = level_in(entry, window)
    return Denial(level, requested, retry_after_ns(level, requested, now_ns))
