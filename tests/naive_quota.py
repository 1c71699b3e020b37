"""The semantics of quota a second time: slow, obvious, and written without a look at the first.

It keeps everything that ever happened and adds it up anew for every question.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bursar_quota.calendar import window_at
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.limits import Limit, Mode
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.windows import WindowKind

LATE_SETTLE_NS = 7 * 24 * 3600 * 10**9


@dataclass
class Call:
    """A reservation, or recorded usage, from its beginning."""

    attribution: Attribution
    target: Target
    at_ns: int
    held: Amounts | None
    used: Amounts | None = None
    used_for_good: int = 0  # in steps of this quota; 0 while it may still change
    lease_ns: int = 0
    expires_at_ns: int = 0
    charged_at_ns: int = 0
    is_dispatched: bool = False
    is_over: bool = False


@dataclass
class Counted:
    limit: Limit
    made_in_step: int


@dataclass
class NaiveQuota:
    limits: dict[str, Counted] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    step: int = 0

    def put(self, limit: Limit) -> None:
        self.step += 1
        present = self.limits.get(limit.limit_id)
        if present is not None and _same_count(present.limit, limit):
            present.limit = limit
        else:
            self.limits[limit.limit_id] = Counted(limit, self.step)

    def delete(self, limit_id: str) -> None:
        del self.limits[limit_id]

    def reserve(self, reservation_id: str, call: Call) -> list[str]:
        """The ids of the limits that deny; none means that it was admitted."""
        self.step += 1
        assert call.held is not None
        denying = [
            limit_id
            for limit_id, counted in self.limits.items()
            if counted.limit.mode is Mode.HARD
            and _selects(counted.limit, call)
            and amount_of(call.held, counted.limit.meter) > 0
            and sum(self.level(limit_id, call.at_ns)) + amount_of(call.held, counted.limit.meter)
            > counted.limit.amount
        ]
        if not denying:
            self.calls[reservation_id] = call
        return denying

    def dispatch(self, reservation_id: str, now_ns: int) -> bool:
        call = self.calls.get(reservation_id)
        if call is None or call.is_over or call.is_dispatched:
            return False
        call.is_dispatched = True
        call.expires_at_ns = now_ns + call.lease_ns
        return True

    def settle(self, reservation_id: str, used: Amounts, now_ns: int) -> bool:
        self.step += 1
        call = self.calls.get(reservation_id)
        if call is None or call.held is None:
            return False
        if call.is_over and not 0 <= now_ns - call.charged_at_ns <= LATE_SETTLE_NS:
            return False
        call.used, call.used_for_good = used, self.step
        call.charged_at_ns = -(10**30)  # no second time
        call.is_over = True
        return True

    def release(self, reservation_id: str) -> bool:
        call = self.calls.get(reservation_id)
        if call is None or call.is_over or call.is_dispatched:
            return False
        call.is_over = True
        call.charged_at_ns = -(10**30)
        return True

    def record(self, name: str, call: Call) -> None:
        self.step += 1
        call.used_for_good, call.is_over, call.charged_at_ns = self.step, True, -(10**30)
        self.calls[name] = call

    def expire(self, now_ns: int) -> None:
        self.step += 1
        for call in self.calls.values():
            if call.is_over or call.expires_at_ns > now_ns:
                continue
            call.is_over = True
            call.charged_at_ns = -(10**30)
            if call.is_dispatched:
                call.used, call.charged_at_ns = call.held, now_ns

    def level(self, limit_id: str, now_ns: int) -> tuple[int, int]:
        """Settled and held of the limit in its window of now."""
        counted = self.limits[limit_id]
        limit = counted.limit
        window = window_at(limit.window, limit.time_zone, now_ns)
        settled = held = 0
        for call in self.calls.values():
            if not window.holds(call.at_ns) or not _selects(limit, call):
                continue
            if call.used is not None:
                is_old = 0 < call.used_for_good <= counted.made_in_step
                if _knows_the_past(limit) or not is_old:
                    settled += amount_of(call.used, limit.meter)
            elif not call.is_over:
                held += amount_of(call.held, limit.meter)
        return settled, held


def amount_of(amounts: Amounts | None, meter: Meter) -> int:
    assert amounts is not None
    if meter is Meter.TOTAL_TOKENS:
        return amounts.input_tokens + amounts.output_tokens
    return getattr(amounts, meter.name.lower())


def _selects(limit: Limit, call: Call) -> bool:
    wanted = limit.selector
    for name in ("tenant_id", "team_id", "user_id", "key_id", "task_id", "agent_id"):
        if getattr(wanted, name) not in ("", getattr(call.attribution, name)):
            return False
    for name in ("provider", "model", "account_id"):
        if getattr(wanted, name) not in ("", getattr(call.target, name)):
            return False
    if wanted.tier not in (0, call.target.tier):
        return False
    return all(label in call.attribution.labels for label in wanted.labels)


def _same_count(one: Limit, other: Limit) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("selector", "meter", "window", "time_zone")
    )


def _knows_the_past(limit: Limit) -> bool:
    wanted = limit.selector
    others = (
        wanted.team_id,
        wanted.user_id,
        wanted.key_id,
        wanted.task_id,
        wanted.agent_id,
        wanted.tier,
        wanted.account_id,
        wanted.labels,
    )
    return limit.window is not WindowKind.MINUTE and not any(others)
