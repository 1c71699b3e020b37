"""Limits are made, changed and deleted. A change admits nothing new and breaks nothing old.

A new limit counts what its window already has. What is settled it takes from the hourly sums, which
know the tenant, the provider and the model; selectors on anything else, and windows of a minute,
start with what calls settled that are not over yet, and `counted_since_ns` of their level says so.
What is held it takes from the open reservations, whatever it selects on.
"""

from __future__ import annotations

from bursar.errors import FailedPrecondition, NotFound
from bursar_quota.domain.admission import level_in
from bursar_quota.domain.answers import LimitStands, Recorded
from bursar_quota.domain.calls import Origin
from bursar_quota.domain.commands import DeleteLimit, PutLimit
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import LimitDeleted, LimitPut
from bursar_quota.domain.levels import Level, Opening
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import AMOUNT_MAX, by_meter
from bursar_quota.domain.state import LimitEntry, Reservation, State
from bursar_quota.domain.terms import Now
from bursar_quota.domain.usage_hours import is_summed_up, settled_in
from bursar_quota.domain.windows import Window

LIMITS_MAX = 100_000


def put_limit(state: State, command: PutLimit, now: Now) -> Decided:
    """Counting goes on where only amount or mode change, else it starts anew."""
    limit = command.limit
    present = state.limits.get(limit.limit_id)
    _refuse_what_another_manages(limit, present)
    if present is None and len(state.limits) >= LIMITS_MAX:
        raise FailedPrecondition(f"there are {LIMITS_MAX} limits already: delete some first")
    window = now.terms.calendar.window(limit.window, limit.time_zone, now.ns)
    opened = None
    if present is not None and present.limit.counts_as(limit):
        level = level_in(LimitEntry(limit, present.counted_since_ns, present.buckets), window)
    else:
        level = _starting_level(state, limit, window, now.ns)
        number = state.now.buckets_opened + 1
        opened = Opening(number, limit.limit_id, limit.meter, window)
    event = LimitPut(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=Origin(tenant_id=limit.selector.tenant_id),
        limit=limit,
        level=level,
        opened=opened,
        author=command.author,
        reason=command.reason,
    )
    return caused(event, LimitStands(event.number, level))


def delete_limit(state: State, command: DeleteLimit, now: Now) -> Decided:
    """Its buckets go with it."""
    present = state.limits.get(command.limit_id)
    if present is None:
        raise NotFound(
            f"there is no limit {command.limit_id}: list the limits to see their ids",
            facts={"limit_id": command.limit_id},
        )
    number = state.now.event_number + 1
    event = LimitDeleted(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=Origin(tenant_id=present.limit.selector.tenant_id),
        limit_id=command.limit_id,
        author=command.author,
        reason=command.reason,
    )
    return caused(event, Recorded(number))


def counts_on(level: Level, reservation: Reservation) -> bool:
    """Whether a reservation made before the limit counts on it."""
    limit, window = level.limit, level.window
    return window.holds(reservation.reserved_at_ns) and limit.selector.selects(
        reservation.attribution, reservation.target
    )


def _starting_level(state: State, limit: Limit, window: Window, now_ns: int) -> Level:
    """Calls that are not over yet count with all they settled and hold, whatever is known of the
    rest: their ends will move the level by the difference.
    """
    is_whole = is_summed_up(limit)
    since_ns = window.starts_at_ns if is_whole else now_ns
    level = Level(limit, window, 0, 0, since_ns)
    settled = held = 0
    for reservation in state.reservations.values():
        if counts_on(level, reservation):
            settled += by_meter(reservation.settled)[limit.meter]
            held += by_meter(reservation.open_hold)[limit.meter]
    if is_whole:
        settled = settled_in(state, limit, window)
    return Level(limit, window, min(settled, AMOUNT_MAX), min(held, AMOUNT_MAX), since_ns)


def _refuse_what_another_manages(limit: Limit, present: LimitEntry | None) -> None:
    if present is not None and present.limit.managed_by is not limit.managed_by:
        owner = present.limit.managed_by.name.lower()
        raise FailedPrecondition(
            f"limit {limit.limit_id} is managed by the {owner}: change it there, or delete it",
            facts={"limit_id": limit.limit_id},
        )
