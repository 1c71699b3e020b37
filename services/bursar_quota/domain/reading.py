"""What can be asked without anything happening."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from bursar_quota.domain.admission import Denial, judge, matching
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.levels import Level
from bursar_quota.domain.limits import is_near
from bursar_quota.domain.meters import Amounts, by_meter
from bursar_quota.domain.standing import level_in
from bursar_quota.domain.state import LimitEntry, State
from bursar_quota.domain.terms import Now


class Checked(Struct, frozen=True, gc=False):
    """Whether a call would be admitted now, and where its limits stand. `decided_by` is the limit
    that denies, else the one that would be the fullest with the call.
    """

    denial: Denial | None
    decided_by: Level | None
    levels: list[Level]
    is_near_limit: bool


def check(
    state: State, attribution: Attribution, target: Target, amounts: Amounts, now: Now
) -> Checked:
    """As `reserve` would judge."""
    verdict = judge(state, attribution, target, amounts, now)
    levels = [_level(entry, now) for entry in matching(state, attribution, target)]
    near = any(is_near(level.settled + level.held, level.amount) for level in levels)
    decided_by = None if verdict.denial is None else verdict.denial.level
    return Checked(verdict.denial, decided_by or _fullest(levels, amounts), _sorted(levels), near)


def levels_of_tenant(state: State, tenant_id: str, now: Now) -> list[Level]:
    """Those that can match a call of the tenant; all, where no tenant is named."""
    return _sorted(
        [
            _level(entry, now)
            for entry in state.limits.values()
            if not tenant_id or entry.limit.selector.tenant_id in ("", tenant_id)
        ]
    )


def levels_agreeing(
    state: State, attribution: Attribution, target: Target, now: Now
) -> list[Level]:
    """Those that say nothing else than what is named."""
    return _sorted(
        [
            _level(entry, now)
            for entry in state.limits.values()
            if entry.limit.selector.agrees_with(attribution, target)
        ]
    )


def _fullest(levels: list[Level], amounts: Amounts) -> Level | None:
    takes = by_meter(amounts, 1)

    def fullness(level: Level) -> Fraction:
        taken = level.settled + level.held + takes[level.limit.meter]
        return Fraction(taken, max(1, level.amount))

    return max(levels, key=fullness, default=None)


def _level(entry: LimitEntry, now: Now) -> Level:
    limit = entry.limit
    return level_in(entry, limit.window_at(now.terms.calendar, now.ns))


def _sorted(levels: list[Level]) -> list[Level]:
    return sorted(levels, key=lambda level: level.limit.limit_id)
