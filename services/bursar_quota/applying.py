"""Applies the limits of a file: what differs is put or deleted, each change as an order of its own.

Not one event for all: ten thousand limits fit no frame. An apply that fails halfway is asked again
and does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from bursar.errors import InvalidRequest
from bursar.eventlog.envelope import new_event_id
from bursar.quota.v1 import quota_pb2
from bursar_quota import bounds, replies
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Order
from bursar_quota.domain.limit_differences import Difference, Differences, differences
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now
from bursar_quota.limit_requests import delete_limit_of, limits_of_a_file, put_limit_of
from bursar_quota.messages import limit_message
from bursar_quota.requests import REASON_BYTES_MAX

ORDERS_AT_ONCE_MAX = 256  # no more wait for the log than a frame holds


class Seen(Protocol):
    """Shows durable state, as QuotaService does."""

    def __call__(self, view: Callable[[State, Now], Differences], /) -> Awaitable[Differences]: ...


async def apply_limits(
    request: quota_pb2.ApplyLimitsRequest,
    seen: Seen,
    decided: Callable[[Order], Awaitable[Answer]],
    now_ns: int,
) -> quota_pb2.ApplyLimitsResponse:
    """Checks all, finds what differs, and orders it unless it is only asked what that is."""
    _check(request)
    limits = limits_of_a_file(request.limits)
    found = await seen(
        lambda state, now: differences(
            state, limits, is_pruning=request.is_pruning, tenant_id=request.tenant_id
        )
    )
    response = quota_pb2.ApplyLimitsResponse(
        changes=[_change_message(change) for change in found.changes], unchanged=found.unchanged
    )
    if not request.is_dry_run:
        operation_id = request.operation_id or new_event_id(now_ns)
        orders = [_order(change, request, operation_id, now_ns) for change in found.changes]
        for first in range(0, len(orders), ORDERS_AT_ONCE_MAX):
            answers = await asyncio.gather(
                *map(decided, orders[first : first + ORDERS_AT_ONCE_MAX])
            )
            replies.write_position(answers[-1].number, response.position)
    return response


def _check(request: quota_pb2.ApplyLimitsRequest) -> None:
    bounds.check_id("operation_id", request.operation_id)
    bounds.check_id("tenant_id", request.tenant_id)
    bounds.check_text("author", request.author)
    bounds.check_text("reason", request.reason, REASON_BYTES_MAX)
    if not request.limits and not request.is_pruning:
        raise InvalidRequest.of("limits", "none", "give at least one, or ask to prune")


def _order(
    change: Difference, request: quota_pb2.ApplyLimitsRequest, operation_id: str, now_ns: int
) -> Order:
    """Its id follows from the apply's and the limit's, so that a retry orders nothing twice."""
    named = f"{operation_id}\n{change.limit_id}"
    own_id = f"apply-{sha256(named.encode()).hexdigest()[:32]}"
    if change.after is None:
        gone = quota_pb2.DeleteLimitRequest(
            operation_id=own_id,
            limit_id=change.limit_id,
            author=request.author,
            reason=request.reason,
        )
        return delete_limit_of(gone, now_ns)
    put = quota_pb2.PutLimitRequest(
        operation_id=own_id,
        limit=limit_message(change.after),
        author=request.author,
        reason=request.reason,
    )
    return put_limit_of(put, now_ns)


def _change_message(change: Difference) -> quota_pb2.LimitChange:
    return quota_pb2.LimitChange(
        before=None if change.before is None else limit_message(change.before),
        after=None if change.after is None else limit_message(change.after),
    )
