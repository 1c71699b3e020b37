"""Why a call would be admitted or not, limit by limit."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.admission import (
    Denial,
    amount_text,
    how_it_stands,
    matching,
    told,
)
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.levels import Level
from bursar_quota.domain.limits import Mode
from bursar_quota.domain.meters import Amounts, by_meter
from bursar_quota.domain.standing import level_in, retry_after_ns
from bursar_quota.domain.state import LimitEntry, State
from bursar_quota.domain.terms import Now


class Explanation(Struct, frozen=True, gc=False):
    """What one limit says of a call; `requested` is in its meter's unit."""

    level: Level
    requested: int
    denial: Denial | None
    reason: str


def explain(
    state: State, attribution: Attribution, target: Target, amounts: Amounts, now: Now
) -> list[Explanation]:
    """Those that deny first, then by id. Denies where `judge` would."""
    takes = by_meter(amounts, 1)
    found = [
        _explanation(entry, takes[entry.limit.meter], now)
        for entry in matching(state, attribution, target)
    ]
    return sorted(found, key=lambda one: (one.denial is None, one.level.limit.limit_id))


def verdict_of(explanations: list[Explanation]) -> str:
    """One sentence about all of them."""
    if not explanations:
        return "no limit matches this call"
    denials = [one.denial for one in explanations if one.denial is not None]
    if not denials:
        return f"all {len(explanations)} limits that match have room"
    return f"{len(denials)} of {len(explanations)} limits that match deny it"


def _explanation(entry: LimitEntry, requested: int, now: Now) -> Explanation:
    limit = entry.limit
    window = limit.window_at(now.terms.calendar, now.ns)
    level = level_in(entry, window)
    exceeds = requested > level.available
    if exceeds and requested and limit.mode is not Mode.SOFT:
        denial = Denial(level, requested, retry_after_ns(entry, level, requested, now.ns))
        return Explanation(level, requested, denial, told(denial, now.terms))
    asked = amount_text(limit.meter, requested)
    why = "has room"
    if exceeds:
        why = "takes nothing of it" if not requested else "exceeds it, and a soft limit admits"
    stands = how_it_stands(level, now.terms)
    return Explanation(level, requested, None, f"{asked} asked for {why}: {stands}")
