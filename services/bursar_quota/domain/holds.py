"""A hold's life: Reserve -> Dispatch -> Settle | Release. It belongs to the windows of its reserve,
whenever it ends.
"""

from __future__ import annotations

from bursar.eventlog.decider import Decision
from bursar_quota.domain.admission import Denial, is_throttled, judge, told
from bursar_quota.domain.answers import Accounted, Granted, PutOff, Recorded, Refused
from bursar_quota.domain.commands import Dispatch, Release, Reserve, Settle
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import Denied, Dispatched, Released, Reserved, Settled
from bursar_quota.domain.meters import above
from bursar_quota.domain.reservations import found, kept, not_now
from bursar_quota.domain.state import NS_PER_HOUR, Phase, State
from bursar_quota.domain.terms import Now


def reserve(state: State, command: Reserve, now: Now) -> Decided:
    """All buckets in one event, or a denial, which is remembered like any answer."""
    verdict = judge(state, command.attribution, command.target, command.amounts, now)
    if verdict.denial is not None:
        if command.may_wait and is_throttled(verdict.denial):
            return Decision((), _put_off(state, verdict.denial))
        return _deny(state, command, verdict.denial, now)
    event = Reserved(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=command.origin,
        reservation_id=command.reservation_id,
        attribution=command.attribution,
        target=command.target,
        held=command.amounts,
        buckets=verdict.buckets,
        opened=verdict.opened,
        lease_ns=command.lease_ns,
        lease_expires_at_ns=now.ns + command.lease_ns,
        is_dispatched=command.is_dispatched,
        is_near_limit=verdict.is_near_limit,
    )
    return caused(event, granted(event))


def dispatch(state: State, command: Dispatch, now: Now) -> Decided:
    """The lease begins anew: the call may take as long as it was given from here."""
    reservation = found(state, command.reservation_id)
    if reservation.phase is not Phase.HELD:
        raise not_now(reservation.reservation_id, "was dispatched before", "reserve for each call")
    number = state.now.event_number + 1
    event = Dispatched(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        lease_expires_at_ns=now.ns + reservation.lease_ns,
    )
    return caused(event, Recorded(number))


def settle(state: State, command: Settle, now: Now) -> Decided:
    """Replaces the hold, or the charge of one whose lease ran out, by what was used.

    Accepted without a dispatch too: what was used was used. Never refused for being above the
    hold; that is marked.
    """
    reservation = found(state, command.reservation_id)
    is_late = reservation.phase is Phase.CHARGED
    if is_late and now.ns > reservation.charged_at_ns + now.terms.late_settle_ns:
        days = now.terms.late_settle_ns // (24 * NS_PER_HOUR)
        raise not_now(
            reservation.reservation_id,
            f"was charged in full more than {days} days ago",
            "record the difference with RecordUsage",
        )
    event = Settled(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        attribution=reservation.attribution,
        target=reservation.target,
        used=command.used,
        overrun=above(command.used, reservation.held),
        buckets=kept(state, reservation),
        is_late=is_late,
    )
    return caused(event, accounted(event))


def release(state: State, command: Release, now: Now) -> Decided:
    """Only what was never sent can be let go."""
    reservation = found(state, command.reservation_id)
    if reservation.phase is not Phase.HELD:
        raise not_now(reservation.reservation_id, "was dispatched", "settle it")
    number = state.now.event_number + 1
    event = Released(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        buckets=kept(state, reservation),
        reason=command.reason,
    )
    return caused(event, Recorded(number))


def granted(event: Reserved) -> Granted:
    return Granted(
        event.number,
        event.reservation_id,
        event.held,
        event.lease_expires_at_ns,
        event.is_near_limit,
    )


def refused(event: Denied) -> Refused:
    return Refused(event.number, event.level, event.requested, event.reason, event.retry_after_ns)


def accounted(event: Settled) -> Accounted:
    return Accounted(event.number, event.used, event.overrun)


def _put_off(state: State, denial: Denial) -> PutOff:
    return PutOff(state.now.event_number, denial.level, denial.retry_after_ns)


def _deny(state: State, command: Reserve, denial: Denial, now: Now) -> Decided:
    event = Denied(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=command.origin,
        level=denial.level,
        requested=denial.requested,
        reason=told(denial, now.terms),
        retry_after_ns=denial.retry_after_ns,
    )
    return caused(event, refused(event))
