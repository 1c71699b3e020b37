"""What events mean. Total: what is in the log has happened and is never refused here.

Nothing is computed that was decided: window ids, amounts and times are the event's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bursar.eventlog.tentative import Undo
from bursar_quota.domain import usage_hours
from bursar_quota.domain.answers import LimitStands, Recorded
from bursar_quota.domain.events import (
    Denied,
    Dispatched,
    Event,
    Expired,
    HorizonMoved,
    LimitDeleted,
    LimitPut,
    Released,
    Reserved,
    Settled,
    UsageRecorded,
)
from bursar_quota.domain.forgetting import forget
from bursar_quota.domain.holds import accounted, granted, refused
from bursar_quota.domain.levels import Counter, Move
from bursar_quota.domain.limit_changes import claim_on
from bursar_quota.domain.meters import Amounts, minus
from bursar_quota.domain.operations import remember
from bursar_quota.domain.state import (
    NS_PER_S,
    SEGMENT_NS,
    Ending,
    LimitEntry,
    Phase,
    Reservation,
    Standpoint,
    State,
)


def evolve(state: State, event: Event, undo: Undo) -> None:
    """Makes `state` what it is after `event`."""
    _EVOLVE[type(event)](state, event, undo)
    standpoint = Standpoint(event.number, event.at_ns, state.now.forgotten_before_ns)
    undo.put(state.standpoint, None, standpoint)


def _reserved(state: State, event: Reserved, undo: Undo) -> None:
    reservation = Reservation(
        event.reservation_id,
        Phase.DISPATCHED if event.is_dispatched else Phase.HELD,
        event.attribution,
        event.target,
        event.held,
        event.moves,
        event.lease_ns,
        event.lease_expires_at_ns,
        event.at_ns,
    )
    undo.put(state.reservations, event.reservation_id, reservation)
    lease(state, reservation, undo)
    _move(state, event.moves, undo)
    remember(state, event, granted(event), undo)


def _denied(state: State, event: Denied, undo: Undo) -> None:
    remember(state, event, refused(event), undo)


def _dispatched(state: State, event: Dispatched, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        _end_lease(state, reservation, undo)
        reservation = replace(
            reservation,
            phase=Phase.DISPATCHED,
            lease_expires_at_ns=event.lease_expires_at_ns,
        )
        undo.put(state.reservations, event.reservation_id, reservation)
        lease(state, reservation, undo)


def _settled(state: State, event: Settled, undo: Undo) -> None:
    remember(state, event, accounted(event), undo)
    _move(state, event.moves, undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is None:
        return
    used = minus(event.used, reservation.held) if event.is_late else event.used
    _count(state, reservation, used, undo)
    _end(state, reservation, Ending.SETTLED, event.at_ns, undo)


def _released(state: State, event: Released, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    _move(state, event.moves, undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        _end(state, reservation, Ending.RELEASED, event.at_ns, undo)


def _expired(state: State, event: Expired, undo: Undo) -> None:
    _move(state, event.moves, undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is None:
        return
    if event.charged is None:
        _end(state, reservation, Ending.EXPIRED, event.at_ns, undo)
        return
    _count(state, reservation, event.charged, undo)
    _end_lease(state, reservation, undo)
    claims = tuple(replace(move, held_delta=0) for move in event.moves)
    charged = replace(reservation, phase=Phase.CHARGED, claims=claims, charged_at_ns=event.at_ns)
    undo.put(state.reservations, event.reservation_id, charged)


def _usage_recorded(state: State, event: UsageRecorded, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    _move(state, event.moves, undo)
    axes = usage_hours.axes_of(event.attribution.tenant_id, event.target)
    usage_hours.count(state, axes, event.at_ns, event.used, undo)


def _limit_put(state: State, event: LimitPut, undo: Undo) -> None:
    limit, level = event.limit, event.level
    remember(state, event, LimitStands(event.number, level), undo)
    present = state.limits.get(limit.limit_id)
    if present is not None and not event.is_recounted:
        _file(state, LimitEntry(limit, present.counted_since_ns, present.counters), undo)
        return
    if present is not None:
        _unfile(state, present, undo)
    since_ns = level.counted_since_ns if level.counted_since_ns > level.window.starts_at_ns else 0
    counter = Counter(level.settled, level.held, level.window.ends_at_ns)
    _file(state, LimitEntry(limit, since_ns, {level.window.window_id: counter}), undo)
    for reservation in list(state.reservations.values()):
        claim = claim_on(level, reservation)
        if claim is not None:
            claims = (*reservation.claims, claim)
            undo.put(
                state.reservations, reservation.reservation_id, replace(reservation, claims=claims)
            )


def _limit_deleted(state: State, event: LimitDeleted, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    present = state.limits.get(event.limit_id)
    if present is not None:
        _unfile(state, present, undo)


def _horizon_moved(state: State, event: HorizonMoved, undo: Undo) -> None:
    forget(state, event.forget_before_ns, undo)


def _move(state: State, moves: tuple[Move, ...], undo: Undo) -> None:
    limits = state.limits
    for move in moves:
        entry = limits.get(move.limit_id)
        if entry is None:
            continue
        counters, window_id = entry.counters, move.window_id
        counter = counters.get(window_id)
        if counter is None:
            moved = Counter(move.settled_delta, move.held_delta, move.window_ends_at_ns)
        else:
            moved = Counter(
                counter.settled + move.settled_delta,
                counter.held + move.held_delta,
                move.window_ends_at_ns,
            )
        undo.put(counters, window_id, moved)


def _count(state: State, reservation: Reservation, used: Amounts, undo: Undo) -> None:
    axes = usage_hours.axes_of(reservation.attribution.tenant_id, reservation.target)
    usage_hours.count(state, axes, reservation.reserved_at_ns, used, undo)


def lease(state: State, reservation: Reservation, undo: Undo) -> None:
    """Files the reservation under the second in which its lease runs out."""
    second = reservation.lease_expires_at_ns // NS_PER_S
    running_out = state.leases.get(second)
    if running_out is None:
        running_out = {}
        undo.put(state.leases, second, running_out)
    undo.put(running_out, reservation.reservation_id, None)


def _end_lease(state: State, reservation: Reservation, undo: Undo) -> None:
    second = reservation.lease_expires_at_ns // NS_PER_S
    running_out = state.leases.get(second)
    if running_out is not None:
        undo.drop(running_out, reservation.reservation_id)
        if not running_out:
            undo.drop(state.leases, second)


def _end(state: State, reservation: Reservation, ending: Ending, at_ns: int, undo: Undo) -> None:
    _end_lease(state, reservation, undo)
    undo.drop(state.reservations, reservation.reservation_id)
    number = at_ns // SEGMENT_NS
    segment = state.ended.get(number)
    if segment is None:
        segment = {}
        undo.put(state.ended, number, segment)
    undo.put(segment, reservation.reservation_id, ending)


def _file(state: State, entry: LimitEntry, undo: Undo) -> None:
    undo.put(state.limits, entry.limit.limit_id, entry)
    state.shelves.file(entry.limit.selector, entry.limit.limit_id, entry, undo)


def _unfile(state: State, entry: LimitEntry, undo: Undo) -> None:
    """Takes the limit away, and every claim on it: a later one of its name is another."""
    limit_id = entry.limit.limit_id
    undo.drop(state.limits, limit_id)
    state.shelves.remove(entry.limit.selector, limit_id, undo)
    for reservation in list(state.reservations.values()):
        kept = tuple(claim for claim in reservation.claims if claim.limit_id != limit_id)
        if len(kept) < len(reservation.claims):
            undo.put(
                state.reservations, reservation.reservation_id, replace(reservation, claims=kept)
            )


# Any: each function takes its own kind of event, which the key says.
_EVOLVE: dict[type, Callable[[State, Any, Undo], None]] = {
    Reserved: _reserved,
    Denied: _denied,
    Dispatched: _dispatched,
    Settled: _settled,
    Released: _released,
    Expired: _expired,
    UsageRecorded: _usage_recorded,
    LimitPut: _limit_put,
    LimitDeleted: _limit_deleted,
    HorizonMoved: _horizon_moved,
}
