"""Holds that last: topped up, kept alive, and settled bit by bit while the call goes on."""

from __future__ import annotations

from bursar.eventlog.decider import Decision
from bursar_quota.domain.admission import Denial, told, weigh
from bursar_quota.domain.answers import AccountedSoFar, Enlarged, Prolonged
from bursar_quota.domain.commands import Extend, SettlePartly, TopUp
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import Extended, PartlySettled, ToppedUp, TopUpDenied
from bursar_quota.domain.holds import refused
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts, above, by_meter, minus, plus
from bursar_quota.domain.reservations import found, kept, not_now
from bursar_quota.domain.state import NS_PER_S, Phase, Reservation, State
from bursar_quota.domain.terms import Now

PARTIAL_EVERY_NS = 5 * NS_PER_S  # the log takes no more of one call
PARTIAL_PART = 10  # unless it adds a tenth of the hold


def top_up(state: State, command: TopUp, now: Now) -> Decided:
    """Counts where the hold counts, in the windows of its reserve. Denied, the hold stays as it
    was.
    """
    reservation = _under_way(state, command.reservation_id)
    buckets = tuple(state.buckets[number] for number in kept(state, reservation))
    entries = tuple(state.limits[bucket.limit_id] for bucket in buckets)
    denial, near = weigh(entries, buckets, by_meter(command.amounts), now)
    if denial is not None:
        return _deny(state, command, reservation, denial, now)
    event = ToppedUp(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        added=command.amounts,
        held=plus(reservation.held, command.amounts),
        buckets=tuple(bucket.number for bucket in buckets),
        is_near_limit=near,
    )
    return caused(event, enlarged(event))


def extend(state: State, command: Extend, now: Now) -> Decided:
    """The lease begins anew, at the length asked for or as it was given."""
    reservation = _under_way(state, command.reservation_id)
    lease_ns = command.lease_ns or reservation.lease_ns
    event = Extended(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        lease_ns=lease_ns,
        lease_expires_at_ns=now.ns + lease_ns,
    )
    return caused(event, prolonged(event))


def settle_partly(state: State, command: SettlePartly, now: Now) -> Decided:
    """`used` is all that was used so far. One that comes too soon causes nothing: the next says it
    all.
    """
    reservation = _under_way(state, command.reservation_id)
    used = command.used
    if above(reservation.settled, used) != NO_AMOUNTS:
        raise not_now(
            reservation.reservation_id,
            "was settled in part at more than this",
            "give all that was used so far, or Adjust what was too much",
        )
    if _is_too_soon(reservation, used, now.ns):
        return Decision((), _deferred(state, reservation))
    event = PartlySettled(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        reservation_id=reservation.reservation_id,
        used=used,
        overrun=above(used, reservation.held),
        buckets=kept(state, reservation),
        lease_expires_at_ns=now.ns + reservation.lease_ns,
    )
    return caused(event, accounted_so_far(event))


def enlarged(event: ToppedUp) -> Enlarged:
    return Enlarged(event.number, event.held, event.is_near_limit)


def prolonged(event: Extended) -> Prolonged:
    return Prolonged(event.number, event.lease_expires_at_ns)


def accounted_so_far(event: PartlySettled) -> AccountedSoFar:
    return AccountedSoFar(
        event.number, event.used, event.overrun, event.lease_expires_at_ns, is_deferred=False
    )


def _deferred(state: State, reservation: Reservation) -> AccountedSoFar:
    return AccountedSoFar(
        state.now.event_number,
        reservation.settled,
        above(reservation.settled, reservation.held),
        reservation.lease_expires_at_ns,
        is_deferred=True,
    )


def _is_too_soon(reservation: Reservation, used: Amounts, now_ns: int) -> bool:
    """Never where the lease has lost half its length: it must not run out for that."""
    since_ns = max(reservation.settled_at_ns, reservation.reserved_at_ns)
    if now_ns - since_ns >= min(PARTIAL_EVERY_NS, reservation.lease_ns // 2):
        return False
    added = by_meter(minus(used, reservation.settled))
    return not any(
        of_meter and of_meter * PARTIAL_PART >= held
        for of_meter, held in zip(added, by_meter(reservation.held), strict=True)
    )


def _under_way(state: State, reservation_id: str) -> Reservation:
    reservation = found(state, reservation_id)
    if reservation.phase is Phase.CHARGED:
        done = "was charged in full when its lease ran out"
        raise not_now(reservation_id, done, "settle it by what was used")
    return reservation


def _deny(
    state: State, command: TopUp, reservation: Reservation, denial: Denial, now: Now
) -> Decided:
    event = TopUpDenied(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=reservation.origin,
        level=denial.level,
        requested=denial.requested,
        reason=told(denial, now.terms),
        retry_after_ns=denial.retry_after_ns,
    )
    return caused(event, refused(event))
