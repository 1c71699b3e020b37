"""The semantics of quota a second time: slow, obvious, and written without a look at the first.

It keeps everything that ever happened and adds it up anew for every question.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bursar_quota.calendar import window_at
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.limits import Limit, Mode
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.windows import Window, WindowKind

LATE_SETTLE_NS = 7 * 24 * 3600 * 10**9
HOUR_NS = 3600 * 10**9
PARTS = 60
NEVER_NS = -(10**30)


@dataclass
class Call:
    """A reservation, or recorded usage, from its beginning."""

    attribution: Attribution
    target: Target
    at_ns: int
    held: Amounts | None
    used: Amounts | None = None
    begun: int = 0  # in steps of this quota
    used_for_good: int = 0  # in steps; 0 while it may still change
    lease_ns: int = 0
    expires_at_ns: int = 0
    charged_at_ns: int = 0
    settled_at_ns: int = 0
    is_dispatched: bool = False
    is_over: bool = False


@dataclass
class Counted:
    limit: Limit
    made_in_step: int
    made_at_ns: int


@dataclass
class NaiveQuota:
    limits: dict[str, Counted] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    step: int = 0

    def put(self, limit: Limit, now_ns: int) -> None:
        self.step += 1
        present = self.limits.get(limit.limit_id)
        if present is not None and _same_count(present.limit, limit):
            present.limit = limit
        else:
            self.limits[limit.limit_id] = Counted(limit, self.step, now_ns)

    def delete(self, limit_id: str) -> None:
        del self.limits[limit_id]

    def reserve(self, reservation_id: str, call: Call) -> list[str]:
        """The ids of the limits that deny; none means that it was admitted."""
        self.step += 1
        assert call.held is not None
        denying = self._denying(call, call.held, call.at_ns, reservations=1)
        if not denying:
            call.begun = self.step
            self.calls[reservation_id] = call
        return denying

    def top_up(self, reservation_id: str, amounts: Amounts, now_ns: int) -> list[str] | None:
        """As `reserve`; None where it cannot be asked for."""
        self.step += 1
        call = self.calls.get(reservation_id)
        if call is None or call.held is None or call.is_over:
            return None
        denying = self._denying(call, amounts, now_ns, reservations=0)
        if not denying:
            call.held = Amounts(*(map(sum, zip(_each(call.held), _each(amounts), strict=True))))
        return denying

    def extend(self, reservation_id: str, lease_ns: int, now_ns: int) -> bool:
        call = self.calls.get(reservation_id)
        if call is None or call.is_over:
            return False
        call.lease_ns, call.expires_at_ns = lease_ns, now_ns + lease_ns
        return True

    def dispatch(self, reservation_id: str, now_ns: int) -> bool:
        call = self.calls.get(reservation_id)
        if call is None or call.is_over or call.is_dispatched:
            return False
        call.is_dispatched = True
        call.expires_at_ns = now_ns + call.lease_ns
        return True

    def settle_partly(self, reservation_id: str, used: Amounts, now_ns: int) -> bool:
        self.step += 1
        call = self.calls.get(reservation_id)
        if call is None or call.held is None or call.is_over:
            return False
        before = call.used or Amounts()
        if any(new < old for new, old in zip(_each(used), _each(before), strict=True)):
            return False
        if not _too_soon(call, before, used, now_ns):
            call.used, call.settled_at_ns, call.is_dispatched = used, now_ns, True
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
        call.charged_at_ns = NEVER_NS  # no second time
        call.is_over = True
        return True

    def release(self, reservation_id: str) -> bool:
        call = self.calls.get(reservation_id)
        if call is None or call.is_over or call.is_dispatched:
            return False
        call.is_over = True
        call.charged_at_ns = NEVER_NS
        return True

    def record(self, name: str, call: Call) -> None:
        self.step += 1
        call.begun = call.used_for_good = self.step
        call.is_over, call.charged_at_ns = True, NEVER_NS
        self.calls[name] = call

    def expire(self, now_ns: int) -> None:
        self.step += 1
        for call in self.calls.values():
            if call.is_over or call.expires_at_ns > now_ns:
                continue
            call.is_over = True
            call.charged_at_ns = NEVER_NS
            if call.is_dispatched:
                assert call.held is not None
                used = zip(_each(call.used or Amounts()), _each(call.held), strict=True)
                call.used, call.charged_at_ns = Amounts(*map(max, used)), now_ns

    def level(self, limit_id: str, now_ns: int) -> tuple[int, int]:
        """Settled and held of the limit in its window of now."""
        limit = self.limits[limit_id].limit
        if not limit.rolling_ns:
            return self._between(limit_id, window_at(limit.window, limit.time_zone, now_ns))
        last = now_ns // _part_ns(limit)
        return self._in_parts(limit_id, last - PARTS, last)

    def allowance(self, limit_id: str, at_ns: int) -> int:
        """The amount with what the window before left over."""
        counted = self.limits[limit_id]
        limit = counted.limit
        if not limit.carry_over_max:
            return limit.amount
        window = window_at(limit.window, limit.time_zone, at_ns)
        if counted.made_at_ns >= window.starts_at_ns:
            return limit.amount
        before = window_at(limit.window, limit.time_zone, window.starts_at_ns - 1)
        left = limit.amount - sum(self._between(limit_id, before))
        return limit.amount + min(limit.carry_over_max, max(0, left))

    def _denying(
        self, call: Call, amounts: Amounts, now_ns: int, *, reservations: int
    ) -> list[str]:
        denying = []
        for limit_id, counted in self.limits.items():
            limit = counted.limit
            takes = amount_of(amounts, limit.meter, reservations)
            if limit.mode is Mode.SOFT or not takes or not self._counts(counted, call):
                continue
            at_ns = self._counted_at_ns(counted, call)
            if not limit.rolling_ns:
                window = window_at(limit.window, limit.time_zone, call.at_ns)
                taken = sum(self._between(limit_id, window))
            else:
                part, last = at_ns // _part_ns(limit), now_ns // _part_ns(limit)
                taken = sum(self._in_parts(limit_id, part - PARTS, min(last, part + PARTS)))
            if taken + takes > self.allowance(limit_id, call.at_ns):
                denying.append(limit_id)
        return denying

    def _counts(self, counted: Counted, call: Call) -> bool:
        """Whether the call is one of the limit's at all."""
        limit = counted.limit
        if not _selects(limit, call):
            return False
        if not 0 < call.begun < counted.made_in_step:
            return True
        was_over = 0 < call.used_for_good <= counted.made_in_step
        if was_over:
            return _knows_the_past(limit)
        if limit.rolling_ns:
            first = counted.made_at_ns // _part_ns(limit) - PARTS
            return call.at_ns >= first * _part_ns(limit)
        return window_at(limit.window, limit.time_zone, counted.made_at_ns).holds(call.at_ns)

    def _counted_at_ns(self, counted: Counted, call: Call) -> int:
        """In rolling windows: calls from before the limit that were not over count from its
        beginning on, and those that were over by whole hours.
        """
        limit = counted.limit
        if not limit.rolling_ns or not 0 < call.begun < counted.made_in_step:
            return call.at_ns
        if 0 < call.used_for_good <= counted.made_in_step:
            part_ns = _part_ns(limit)
            part_ends_at_ns = (counted.made_at_ns // part_ns + 1) * part_ns
            return min((call.at_ns // HOUR_NS + 1) * HOUR_NS, part_ends_at_ns) - 1
        return counted.made_at_ns

    def _between(self, limit_id: str, window: Window) -> tuple[int, int]:
        counted = self.limits[limit_id]
        of_it = [call for call in self.calls.values() if self._counts(counted, call)]
        return _sum(counted.limit, [call for call in of_it if window.holds(call.at_ns)])

    def _in_parts(self, limit_id: str, first: int, last: int) -> tuple[int, int]:
        counted = self.limits[limit_id]
        part_ns = _part_ns(counted.limit)
        of_it = [call for call in self.calls.values() if self._counts(counted, call)]
        return _sum(
            counted.limit,
            [
                call
                for call in of_it
                if first <= self._counted_at_ns(counted, call) // part_ns <= last
            ],
        )


def amount_of(amounts: Amounts, meter: Meter, reservations: int = 0) -> int:
    if meter is Meter.CONCURRENT_RESERVATIONS:
        return reservations
    if meter is Meter.TOTAL_TOKENS:
        return amounts.input_tokens + amounts.output_tokens
    return getattr(amounts, meter.name.lower())


def _sum(limit: Limit, calls: list[Call]) -> tuple[int, int]:
    settled = held = 0
    for call in calls:
        used = call.used or Amounts()
        settled += amount_of(used, limit.meter)
        if call.held is not None and not call.is_over:
            left = Amounts(
                *(
                    max(0, has - took)
                    for has, took in zip(_each(call.held), _each(used), strict=True)
                )
            )
            held += amount_of(left, limit.meter, reservations=1)
    return settled, held


def _too_soon(call: Call, before: Amounts, used: Amounts, now_ns: int) -> bool:
    since_ns = now_ns - max(call.at_ns, call.settled_at_ns)
    if since_ns >= 5 * 10**9 or since_ns >= call.lease_ns // 2:
        return False
    assert call.held is not None
    for meter in Meter:
        added = amount_of(used, meter) - amount_of(before, meter)
        if added and 10 * added >= amount_of(call.held, meter):
            return False
    return True


def _each(amounts: Amounts) -> tuple[int, ...]:
    return tuple(getattr(amounts, name) for name in amounts.__struct_fields__)


def _part_ns(limit: Limit) -> int:
    return -(-limit.rolling_ns // PARTS)


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
    if wanted.model_family not in ("", call.target.model.rstrip("0123456789-")):
        return False  # in these tests names are such
    return all(label in call.attribution.labels for label in wanted.labels)


def _same_count(one: Limit, other: Limit) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("selector", "meter", "window", "time_zone", "rolling_ns")
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
        wanted.model_family,
        wanted.labels,
    )
    is_short = limit.window is WindowKind.MINUTE or 0 < limit.rolling_ns < HOUR_NS
    return not is_short and not any(others)
