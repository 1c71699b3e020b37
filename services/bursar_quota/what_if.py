"""History replayed against other limits: what would have been denied, and what that saves.

The same rules decide as decide live, each order at the time at which it came. A call that is denied
here takes nothing: what it used in history is what the limits would have saved. One whose top-up is
denied here stops where its hold ends: what it used above that is saved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bursar.eventlog.tentative import Untracked
from bursar_quota.domain.answers import Answer, LimitStands, Refused
from bursar_quota.domain.commands import (
    Adjust,
    Command,
    Dispatch,
    ExpireDue,
    Extend,
    MoveHorizon,
    PutLimit,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    SettlePartly,
    Stamp,
    TopUp,
)
from bursar_quota.domain.events import (
    Denied,
    Dispatched,
    Done,
    Event,
    Expired,
    Extended,
    HorizonMoved,
    PartlySettled,
    Released,
    Reserved,
    Settled,
    ToppedUp,
    TopUpDenied,
    UsageAdjusted,
    UsageRecorded,
)
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts, above, minus, plus
from bursar_quota.domain.rules import decide
from bursar_quota.domain.state import Phase, State
from bursar_quota.domain.terms import Now, Terms

_UNTRACKED = Untracked()


@dataclass(slots=True)
class Denials:
    """What one limit would have denied, and what was used in history without its leave."""

    calls: int = 0
    top_ups: int = 0
    used: Amounts = NO_AMOUNTS


@dataclass(slots=True)
class Outcome:
    """`refused_in_history`: nobody knows what they would have used, so they stay refused here."""

    calls: int = 0
    denied_calls: int = 0
    refused_in_history: int = 0
    used: Amounts = NO_AMOUNTS
    saved: Amounts = NO_AMOUNTS
    by_limit: dict[str, Denials] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        """Takes in what another partition gave."""
        self.calls += other.calls
        self.denied_calls += other.denied_calls
        self.refused_in_history += other.refused_in_history
        self.used = plus(self.used, other.used)
        self.saved = plus(self.saved, other.saved)
        for limit_id, denials in other.by_limit.items():
            own = self.by_limit.setdefault(limit_id, Denials())
            own.calls += denials.calls
            own.top_ups += denials.top_ups
            own.used = plus(own.used, denials.used)


class WhatIf:
    """Takes the events of one partition in their order; `outcome` grows with them."""

    def __init__(self, limits: Iterable[Limit], terms: Terms) -> None:
        self.outcome = Outcome()
        self._limits = list(limits)
        self._terms = terms
        self._state = State()
        self._denied_by: dict[str, str] = {}  # limit by reservation: the call, or its top-up
        self._counted: dict[str, Amounts] = {}  # in part, or charged, until a settle replaces it
        self._saved: dict[str, Amounts] = {}  # of the same
        self._is_begun = False

    def take(self, event: Event) -> None:
        """Limits of history are passed over: the others hold from its first event on."""
        if not self._is_begun:
            self._begin(event.at_ns)
        match event:
            case Reserved():
                self._reserved(event)
            case Dispatched() | Released() | Extended() | ToppedUp() | PartlySettled():
                self._went_on(event)
            case Settled():
                self._settled(event)
            case Expired():
                self._expired(event)
            case UsageRecorded() | UsageAdjusted():
                self._recorded(event)
            case HorizonMoved(forget_before_ns=forget_before_ns):
                self._decided(MoveHorizon(forget_before_ns), event.at_ns)
            case TopUpDenied():
                pass  # the hold stayed as it was
            case Denied():
                self.outcome.refused_in_history += 1

    def _begin(self, at_ns: int) -> None:
        self._is_begun = True
        for number, limit in enumerate(self._limits):
            stamp = Stamp(f"what-if-{number}", b"")
            answer = self._decided(PutLimit(stamp, limit=limit), at_ns)
            assert isinstance(answer, LimitStands)
            self.outcome.by_limit[limit.limit_id] = Denials()

    def _reserved(self, event: Reserved) -> None:
        self.outcome.calls += 1
        command = Reserve(
            _stamp(event),
            reservation_id=event.reservation_id,
            attribution=event.attribution,
            target=event.target,
            amounts=event.held,
            lease_ns=event.lease_ns,
            is_dispatched=event.is_dispatched,
        )
        answer = self._decided(command, event.at_ns)
        if isinstance(answer, Refused):
            limit_id = answer.level.limit.limit_id
            self._denied_by[event.reservation_id] = limit_id
            self.outcome.denied_calls += 1
            self.outcome.by_limit[limit_id].calls += 1

    def _went_on(self, event: Dispatched | Released | Extended | ToppedUp | PartlySettled) -> None:
        """Something of a call that is under way."""
        reservation_id, stamp = event.reservation_id, _stamp(event)
        if isinstance(event, PartlySettled):
            used = self._allowed(reservation_id, event.used)
            self._replace(reservation_id, event.used)
            command: Command = SettlePartly(stamp, reservation_id=reservation_id, used=used)
        elif isinstance(event, ToppedUp):
            command = TopUp(stamp, reservation_id=reservation_id, amounts=event.added)
        elif isinstance(event, Extended):
            command = Extend(stamp, reservation_id=reservation_id, lease_ns=event.lease_ns)
        elif isinstance(event, Dispatched):
            command = Dispatch(stamp, reservation_id=reservation_id)
        else:
            command = Release(stamp, reservation_id=reservation_id)
        if self._is_leased(reservation_id):
            answer = self._decided(command, event.at_ns)
            if isinstance(answer, Refused):
                self._stops(reservation_id, answer.level.limit.limit_id)

    def _stops(self, reservation_id: str, limit_id: str) -> None:
        """Where its hold ends: a top-up was denied."""
        self._denied_by.setdefault(reservation_id, limit_id)
        self.outcome.by_limit[limit_id].top_ups += 1

    def _settled(self, event: Settled) -> None:
        reservation_id = event.reservation_id
        used = self._allowed(reservation_id, event.used)
        self._replace(reservation_id, event.used)
        self._counted.pop(reservation_id, None)
        self._saved.pop(reservation_id, None)
        if self._goes_on(reservation_id):
            settle = Settle(_stamp(event), reservation_id=reservation_id, used=used)
            self._decided(settle, event.at_ns)

    def _expired(self, event: Expired) -> None:
        if event.charged is not None:
            self._replace(event.reservation_id, event.charged)
        while self._is_leased(event.reservation_id):
            number = self._state.now.event_number
            self._decided(ExpireDue(), event.at_ns)
            if self._state.now.event_number == number:
                return  # its lease is longer here

    def _recorded(self, event: UsageRecorded | UsageAdjusted) -> None:
        if isinstance(event, UsageRecorded):
            self._count(event.used)
            command: Command = RecordUsage(
                _stamp(event), attribution=event.attribution, target=event.target, used=event.used
            )
        else:
            self._count(event.amounts)
            command = Adjust(
                _stamp(event),
                origin=event.origin,
                attribution=event.attribution,
                target=event.target,
                amounts=event.amounts,
                used_at_ns=event.used_at_ns,
            )
        self._decided(command, event.at_ns)

    def _allowed(self, reservation_id: str, used: Amounts) -> Amounts:
        """What of it the limits give leave for here."""
        if reservation_id not in self._denied_by:
            return used
        reservation = self._state.reservations.get(reservation_id)
        if reservation is None:
            return NO_AMOUNTS
        return minus(used, above(used, reservation.held))

    def _replace(self, reservation_id: str, used: Amounts) -> None:
        """All that was used by now counts instead of what was counted before."""
        before = self._counted.get(reservation_id, NO_AMOUNTS)
        self._counted[reservation_id] = used
        self._count(minus(used, before))
        limit_id = self._denied_by.get(reservation_id)
        if limit_id is not None:
            saved = minus(used, self._allowed(reservation_id, used))
            self._save(limit_id, minus(saved, self._saved.get(reservation_id, NO_AMOUNTS)))
            self._saved[reservation_id] = saved

    def _decided(self, command: Command, at_ns: int) -> Answer:
        decision = decide(self._state, command, Now(at_ns, self._terms))
        for event in decision.events:
            evolve(self._state, event, _UNTRACKED)
        return decision.answer

    def _goes_on(self, reservation_id: str) -> bool:
        """Whether the call was admitted here too."""
        return reservation_id in self._state.reservations

    def _is_leased(self, reservation_id: str) -> bool:
        found = self._state.reservations.get(reservation_id)
        return found is not None and found.phase is not Phase.CHARGED

    def _count(self, used: Amounts) -> None:
        self.outcome.used = plus(self.outcome.used, used)

    def _save(self, limit_id: str, used: Amounts) -> None:
        denials = self.outcome.by_limit[limit_id]
        denials.used = plus(denials.used, used)
        self.outcome.saved = plus(self.outcome.saved, used)


def _stamp(event: Done) -> Stamp:
    return Stamp(event.operation_id, event.fingerprint)
