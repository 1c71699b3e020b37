"""What time alone causes: leases run out, and what is long past is forgotten. Always by an event.

An undispatched hold is let go. A dispatched one is charged in full: the money is probably gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bursar.eventlog.decider import Decision
from bursar_quota.domain.alerts import alerts_due
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.commands import ExpireDue, MoveHorizon, RaiseAlerts
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import Expired, HorizonMoved
from bursar_quota.domain.meters import plus
from bursar_quota.domain.reservations import kept
from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S, Phase, Reservation, State
from bursar_quota.domain.terms import Now

EXPIRED_AT_ONCE_MAX = 16  # so that their events fit one frame, however long their labels
HORIZON_STEP_NS = NS_PER_HOUR
CHARGED_KEPT_NS = 30 * 24 * NS_PER_HOUR  # to tell, after it is too late to settle, what to do


def due(
    state: State, now: Now, spared_begun_by_ns: int = 0
) -> ExpireDue | RaiseAlerts | MoveHorizon | None:
    """The next order that time has caused; None when there is none.

    After an outage leases that began by `spared_begun_by_ns` have grace, and nothing is
    forgotten; 0 outside any grace.
    """
    if next(_run_out(state, spared_begun_by_ns, now.ns), None) is not None:
        return ExpireDue(spared_begun_by_ns)
    alerts = alerts_due(state, now)
    if alerts is not None:
        return alerts
    forget_before_ns = now.ns - now.terms.horizon_ns
    is_time = forget_before_ns - state.now.forgotten_before_ns >= HORIZON_STEP_NS
    if state.operations and is_time and not spared_begun_by_ns:
        return MoveHorizon(forget_before_ns)
    return None


def expire_due(state: State, command: ExpireDue, now: Now) -> Decided:
    """The holds whose lease ran out, as many as fit a frame."""
    run_out = _run_out(state, command.spared_begun_by_ns, now.ns)
    number = state.now.event_number
    events = tuple(
        _expired(state, reservation, number + place, now.ns)
        for place, reservation in enumerate(islice(run_out, EXPIRED_AT_ONCE_MAX), start=1)
    )
    return Decision(events, Recorded(number + len(events)))


def move_horizon(state: State, command: MoveHorizon, now: Now) -> Decided:
    number = state.now.event_number + 1
    event = HorizonMoved(number=number, at_ns=now.ns, forget_before_ns=command.forget_before_ns)
    return caused(event, Recorded(number))


def _expired(state: State, reservation: Reservation, number: int, now_ns: int) -> Expired:
    is_charged = reservation.phase is Phase.DISPATCHED
    return Expired(
        number=number,
        at_ns=now_ns,
        reservation_id=reservation.reservation_id,
        origin=reservation.origin,
        attribution=reservation.attribution,
        target=reservation.target,
        charged=plus(reservation.settled, reservation.open_hold) if is_charged else None,
        buckets=kept(state, reservation),
    )


def _run_out(state: State, spared_begun_by_ns: int, now_ns: int) -> Iterator[Reservation]:
    for second in sorted(second for second in state.leases if second * NS_PER_S <= now_ns):
        for reservation_id in state.leases[second]:
            reservation = state.reservations[reservation_id]
            expires_at_ns = reservation.lease_expires_at_ns
            is_spared = expires_at_ns - reservation.lease_ns <= spared_begun_by_ns
            if expires_at_ns <= now_ns and not is_spared:
                yield reservation
