"""What events mean. Total: what is in the log has happened and is never refused here.

Nothing is computed that was decided: window ids, amounts and times are the event's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bursar.eventlog.tentative import Undo
from bursar_quota.domain import usage_hours
from bursar_quota.domain.alerts import remember_alert
from bursar_quota.domain.answers import LimitStands, Recorded
from bursar_quota.domain.beginnings import counts_on
from bursar_quota.domain.events import (
    AlertRaised,
    Denied,
    Dispatched,
    Event,
    Expired,
    Extended,
    HorizonMoved,
    LimitCounted,
    LimitDeleted,
    LimitPut,
    PartlySettled,
    Released,
    Reserved,
    Settled,
    ToppedUp,
    TopUpDenied,
    UsageAdjusted,
    UsageRecorded,
)
from bursar_quota.domain.forgetting import forget
from bursar_quota.domain.holds import accounted, granted, refused
from bursar_quota.domain.leases import end, end_lease, lease, lease_anew
from bursar_quota.domain.levels import Opening
from bursar_quota.domain.long_holds import accounted_so_far, enlarged, prolonged
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts, by_meter, minus, negative
from bursar_quota.domain.moves import NOTHING, adjust_buckets, move, open_bucket
from bursar_quota.domain.operations import remember
from bursar_quota.domain.state import (
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
    before = state.now
    standpoint = Standpoint(
        event.number, event.at_ns, before.forgotten_before_ns, before.buckets_opened
    )
    undo.put(state.standpoint, None, standpoint)


def _reserved(state: State, event: Reserved, undo: Undo) -> None:
    reservation = Reservation(
        event.reservation_id,
        Phase.DISPATCHED if event.is_dispatched else Phase.HELD,
        event.origin,
        event.attribution,
        event.target,
        event.held,
        event.buckets,
        event.lease_ns,
        event.lease_expires_at_ns,
        event.at_ns,
    )
    undo.put(state.reservations, event.reservation_id, reservation)
    lease(state, reservation, undo)
    _open(state, event.opened, undo)
    move(state, event.buckets, NOTHING, by_meter(event.held, 1), undo)
    remember(state, event, granted(event), undo)


def _denied(state: State, event: Denied | TopUpDenied, undo: Undo) -> None:
    remember(state, event, refused(event), undo)


def _dispatched(state: State, event: Dispatched, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        dispatched = replace(
            reservation,
            phase=Phase.DISPATCHED,
            lease_expires_at_ns=event.lease_expires_at_ns,
        )
        lease_anew(state, reservation, dispatched, undo)


def _topped_up(state: State, event: ToppedUp, undo: Undo) -> None:
    remember(state, event, enlarged(event), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        enlarged_hold = replace(reservation, held=event.held)
        undo.put(state.reservations, event.reservation_id, enlarged_hold)
        added = minus(enlarged_hold.open_hold, reservation.open_hold)
        move(state, event.buckets, NOTHING, by_meter(added), undo)


def _extended(state: State, event: Extended, undo: Undo) -> None:
    remember(state, event, prolonged(event), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        extended = replace(
            reservation, lease_ns=event.lease_ns, lease_expires_at_ns=event.lease_expires_at_ns
        )
        lease_anew(state, reservation, extended, undo)


def _partly_settled(state: State, event: PartlySettled, undo: Undo) -> None:
    remember(state, event, accounted_so_far(event), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is None:
        return
    settled = replace(
        reservation,
        phase=Phase.DISPATCHED,
        lease_expires_at_ns=event.lease_expires_at_ns,
        settled=event.used,
        settled_at_ns=event.at_ns,
    )
    used = minus(event.used, reservation.settled)
    let_go = by_meter(minus(settled.open_hold, reservation.open_hold))
    move(state, event.buckets, by_meter(used), let_go, undo)
    _count(state, reservation, used, undo)
    lease_anew(state, reservation, settled, undo)


def _settled(state: State, event: Settled, undo: Undo) -> None:
    remember(state, event, accounted(event), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is None:
        return
    used = event.used
    if reservation.settled is not NO_AMOUNTS:
        used = minus(used, reservation.settled)
    let_go = negative(reservation.holds)
    move(state, event.buckets, by_meter(used), let_go, undo)
    _count(state, reservation, used, undo)
    end(state, reservation, Ending.SETTLED, event.at_ns, undo)


def _released(state: State, event: Released, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    reservation = state.reservations.get(event.reservation_id)
    if reservation is not None:
        _let_go(state, reservation, event.buckets, undo)
        end(state, reservation, Ending.RELEASED, event.at_ns, undo)


def _expired(state: State, event: Expired, undo: Undo) -> None:
    reservation = state.reservations.get(event.reservation_id)
    if reservation is None:
        return
    if event.charged is None:
        _let_go(state, reservation, event.buckets, undo)
        end(state, reservation, Ending.EXPIRED, event.at_ns, undo)
        return
    used = minus(event.charged, reservation.settled)
    let_go = negative(reservation.holds)
    move(state, event.buckets, by_meter(used), let_go, undo)
    _count(state, reservation, used, undo)
    end_lease(state, reservation, undo)
    charged = replace(
        reservation,
        phase=Phase.CHARGED,
        buckets=event.buckets,
        charged_at_ns=event.at_ns,
        settled=event.charged,
    )
    undo.put(state.reservations, event.reservation_id, charged)


def _usage_recorded(state: State, event: UsageRecorded, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    _open(state, event.opened, undo)
    move(state, event.buckets, by_meter(event.used), NOTHING, undo)
    axes = usage_hours.axes_of(event.attribution.tenant_id, event.target)
    usage_hours.count(state, axes, event.at_ns, event.used, undo)


def _usage_adjusted(state: State, event: UsageAdjusted, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    _open(state, event.opened, undo)
    adjust_buckets(state, event.buckets, event.settled_deltas, undo)
    axes = usage_hours.axes_of(event.attribution.tenant_id, event.target)
    usage_hours.count(state, axes, event.used_at_ns, event.amounts, undo)


def _limit_put(state: State, event: LimitPut, undo: Undo) -> None:
    limit, level = event.limit, event.level
    remember(state, event, LimitStands(event.number, level), undo)
    present = state.limits.get(limit.limit_id)
    if event.opened is None:
        if present is not None:
            _file(state, replace(present, limit=limit), undo)
            state.touched.update(bucket.number for bucket in present.buckets.values())
        return
    if present is not None:
        _unfile(state, present, undo)
    since_ns = level.counted_since_ns if level.counted_since_ns > level.window.starts_at_ns else 0
    entry = LimitEntry(limit, since_ns, {}, event.at_ns, event.number, level.is_pending)
    _file(state, entry, undo)
    _begin(state, event.opened, event, undo)


def _limit_counted(state: State, event: LimitCounted, undo: Undo) -> None:
    entry = state.limits.get(event.limit_id)
    if entry is None or entry.made_by != event.made_by:
        return
    _open(state, event.opened, undo)
    adjust_buckets(state, event.buckets, event.settled_deltas, undo)
    _file(state, replace(entry, counted_since_ns=0, is_pending=False), undo)


def _alert_raised(state: State, event: AlertRaised, undo: Undo) -> None:
    remember_alert(state, event, undo)


def _limit_deleted(state: State, event: LimitDeleted, undo: Undo) -> None:
    remember(state, event, Recorded(event.number), undo)
    present = state.limits.get(event.limit_id)
    if present is not None:
        _unfile(state, present, undo)


def _horizon_moved(state: State, event: HorizonMoved, undo: Undo) -> None:
    forget(state, event.forget_before_ns, undo)


def _open(state: State, opened: tuple[Opening, ...], undo: Undo) -> None:
    for opening in opened:
        open_bucket(state, opening, undo)
    if opened:
        standpoint = replace(state.now, buckets_opened=opened[-1].number)
        undo.put(state.standpoint, None, standpoint)


def _begin(state: State, opening: Opening, event: LimitPut, undo: Undo) -> None:
    """The first buckets of a limit, and those open reservations that count on it."""
    level = event.level
    _open(state, (opening, *(part.opening for part in event.earlier)), undo)
    before = 0
    for part in event.earlier:
        state.buckets[part.opening.number].settled = part.settled  # new: a rewind drops it
        before += part.settled
    bucket = state.buckets[opening.number]
    bucket.settled, bucket.held = level.settled - before, level.held
    state.touched.add(opening.number)
    for reservation in list(state.reservations.values()):
        if counts_on(level, reservation):
            numbers = (*reservation.buckets, opening.number)
            _recount(state, reservation, numbers, undo)


def _recount(state: State, reservation: Reservation, numbers: tuple[int, ...], undo: Undo) -> None:
    recounted = replace(reservation, buckets=numbers)
    undo.put(state.reservations, reservation.reservation_id, recounted)


def _let_go(state: State, reservation: Reservation, numbers: tuple[int, ...], undo: Undo) -> None:
    move(state, numbers, NOTHING, negative(reservation.holds), undo)


def _count(state: State, reservation: Reservation, used: Amounts, undo: Undo) -> None:
    axes = usage_hours.axes_of(reservation.attribution.tenant_id, reservation.target)
    usage_hours.count(state, axes, reservation.reserved_at_ns, used, undo)


def _file(state: State, entry: LimitEntry, undo: Undo) -> None:
    undo.put(state.limits, entry.limit.limit_id, entry)
    state.shelves.file(entry.limit.selector, entry.limit.limit_id, entry, undo)
    _meet_anew(state, undo)


def _unfile(state: State, entry: LimitEntry, undo: Undo) -> None:
    """Takes the limit away with its buckets: a later one of its name is another."""
    limit_id = entry.limit.limit_id
    undo.drop(state.limits, limit_id)
    undo.drop(state.alerted, limit_id)
    state.shelves.remove(entry.limit.selector, limit_id, undo)
    _meet_anew(state, undo)
    gone = {bucket.number for bucket in entry.buckets.values()}
    for number in gone:
        undo.drop(state.buckets, number)
    for reservation in list(state.reservations.values()):
        if not gone.isdisjoint(reservation.buckets):
            kept = tuple(number for number in reservation.buckets if number not in gone)
            _recount(state, reservation, kept, undo)


def _meet_anew(state: State, undo: Undo) -> None:
    state.met.clear()
    undo.on_rewind(state.met.clear)


# Any: each function takes its own kind of event, which the key says.
_EVOLVE: dict[type, Callable[[State, Any, Undo], None]] = {
    Reserved: _reserved,
    Denied: _denied,
    Dispatched: _dispatched,
    ToppedUp: _topped_up,
    TopUpDenied: _denied,
    Extended: _extended,
    PartlySettled: _partly_settled,
    Settled: _settled,
    Released: _released,
    Expired: _expired,
    UsageRecorded: _usage_recorded,
    UsageAdjusted: _usage_adjusted,
    LimitPut: _limit_put,
    LimitCounted: _limit_counted,
    AlertRaised: _alert_raised,
    LimitDeleted: _limit_deleted,
    HorizonMoved: _horizon_moved,
}
