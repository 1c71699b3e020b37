"""Leases by the second in which they run out, and how a reservation ends."""

from __future__ import annotations

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.old import segment_number
from bursar_quota.domain.state import NS_PER_S, SEGMENT_NS, Ending, Reservation, State


def lease(state: State, reservation: Reservation, undo: Undo) -> None:
    """Files the reservation under the second in which its lease runs out."""
    second = reservation.lease_expires_at_ns // NS_PER_S
    running_out = state.leases.get(second)
    if running_out is None:
        running_out = {}
        undo.put(state.leases, second, running_out)
    undo.put(running_out, reservation.reservation_id, None)


def end_lease(state: State, reservation: Reservation, undo: Undo) -> None:
    """It runs out no more."""
    second = reservation.lease_expires_at_ns // NS_PER_S
    running_out = state.leases.get(second)
    if running_out is not None:
        undo.drop(running_out, reservation.reservation_id)
        if not running_out:
            undo.drop(state.leases, second)


def lease_anew(state: State, before: Reservation, after: Reservation, undo: Undo) -> None:
    """The reservation is another in some respect, its lease with it."""
    end_lease(state, before, undo)
    undo.put(state.reservations, after.reservation_id, after)
    lease(state, after, undo)


def end(state: State, reservation: Reservation, ending: Ending, at_ns: int, undo: Undo) -> None:
    """Its id is known for a while yet."""
    end_lease(state, reservation, undo)
    undo.drop(state.reservations, reservation.reservation_id)
    number = segment_number(at_ns // SEGMENT_NS, state.now.event_number)
    segment = state.ended.get(number)
    if segment is None:
        segment = {}
        undo.put(state.ended, number, segment)
    undo.put(segment, reservation.reservation_id, ending)
