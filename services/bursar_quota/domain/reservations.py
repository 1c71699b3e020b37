"""Reservations are found by id; what is asked of one that is over names the remedy."""

from __future__ import annotations

from bursar.errors import BursarError, FailedPrecondition, UnknownReservation, Violation
from bursar_quota.domain.state import Ending, Reservation, State

_RECORD_IT = "record what was used with RecordUsage"


def found(state: State, reservation_id: str) -> Reservation:
    """Raises FailedPrecondition for one that ended, UnknownReservation for another."""
    reservation = state.reservations.get(reservation_id)
    if reservation is not None:
        return reservation
    ending = _ending(state, reservation_id)
    if ending is not None:
        raise _ended(reservation_id, ending)
    remedy = (
        "give the id that Reserve answered with; for usage without a reservation call RecordUsage"
    )
    raise UnknownReservation(
        f"no reservation {reservation_id} is known: {remedy}",
        facts={"reservation_id": reservation_id},
        violations=(Violation("reservation_id", reservation_id, remedy),),
    )


def _ending(state: State, reservation_id: str) -> Ending | None:
    for segment in state.ended.values():
        ending = segment.get(reservation_id)
        if ending is not None:
            return ending
    return state.old_ended.find(reservation_id)


def kept(state: State, reservation: Reservation) -> tuple[int, ...]:
    """The buckets that count it and were not forgotten since."""
    numbers, buckets = reservation.buckets, state.buckets
    if buckets.keys() >= set(numbers):
        return numbers
    return tuple(number for number in numbers if number in buckets)


def not_now(reservation_id: str, done: str, remedy: str) -> FailedPrecondition:
    """What was done to it before, and what to do instead."""
    return FailedPrecondition(
        f"reservation {reservation_id} {done}: {remedy}",
        facts={"reservation_id": reservation_id},
    )


def _ended(reservation_id: str, ending: Ending) -> BursarError:
    match ending:
        case Ending.SETTLED:
            return not_now(reservation_id, "was settled before", "nothing is left to do")
        case Ending.RELEASED:
            return not_now(reservation_id, "was released", f"reserve again, or {_RECORD_IT}")
        case Ending.EXPIRED:
            done = "was let go when its lease ran out, before it was dispatched"
            return not_now(reservation_id, done, f"reserve again, or {_RECORD_IT}")
