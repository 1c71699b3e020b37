"""Limits are made, changed and deleted. A change admits nothing new and breaks nothing old."""

from __future__ import annotations

from msgspec.structs import replace

from bursar.errors import FailedPrecondition, NotFound
from bursar_quota.domain.answers import LimitStands, Recorded
from bursar_quota.domain.beginnings import Beginning, beginning
from bursar_quota.domain.calls import Origin
from bursar_quota.domain.commands import DeleteLimit, PutLimit
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import LimitDeleted, LimitPut
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.standing import level_in
from bursar_quota.domain.state import LimitEntry, State
from bursar_quota.domain.terms import Now

LIMITS_MAX = 100_000


def put_limit(state: State, command: PutLimit, now: Now) -> Decided:
    """Counting goes on where only amount or mode change, else it starts anew."""
    limit = command.limit
    present = state.limits.get(limit.limit_id)
    _refuse_what_another_manages(limit, present)
    if present is None and len(state.limits) >= LIMITS_MAX:
        raise FailedPrecondition(f"there are {LIMITS_MAX} limits already: delete some first")
    if present is not None and present.limit.counts_as(limit):
        window = limit.window_at(now.terms.calendar, now.ns)
        begun = Beginning(level_in(replace(present, limit=limit), window), None)
    else:
        begun = beginning(state, limit, now)
    event = LimitPut(
        number=state.now.event_number + 1,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=Origin(tenant_id=limit.selector.tenant_id),
        limit=limit,
        level=begun.level,
        opened=begun.opened,
        earlier=begun.earlier,
        author=command.author,
        reason=command.reason,
    )
    return caused(event, LimitStands(event.number, event.level))


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


def _refuse_what_another_manages(limit: Limit, present: LimitEntry | None) -> None:
    if present is not None and present.limit.managed_by is not limit.managed_by:
        owner = present.limit.managed_by.name.lower()
        raise FailedPrecondition(
            f"limit {limit.limit_id} is managed by the {owner}: change it there, or delete it",
            facts={"limit_id": limit.limit_id},
        )
