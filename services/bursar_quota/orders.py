"""Orders of callers by their kind: from request to command, from answer to response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import Message

from bursar.quota.v1 import quota_pb2
from bursar_quota import replies, requests
from bursar_quota.domain.answers import (
    Accounted,
    AccountedSoFar,
    Answer,
    Enlarged,
    Granted,
    Prolonged,
    Refused,
)
from bursar_quota.domain.commands import Order
from bursar_quota.reservation_ids import ReservationIds


class Kind(NamedTuple):
    """`response_of` raises what a refusal is for its caller. What `lingers` waits for company."""

    # Any: each kind takes its own request, which its name says.
    command_of: Callable[[Any, int], Order]
    response_of: Callable[[Answer, str], Message]
    lingers: bool


def kinds(lease_default_ns: int, reservation_ids: ReservationIds) -> dict[str, Kind]:
    """By the names that the contract's operations give them."""

    def reserve_of(request: quota_pb2.ReserveRequest, now_ns: int) -> Order:
        return requests.reserve_of(request, now_ns, lease_default_ns, reservation_ids)

    return {
        "reserve": Kind(reserve_of, granted, lingers=False),
        "dispatch": Kind(requests.dispatch_of, _dispatched, lingers=False),
        "top_up": Kind(requests.top_up_of, _topped_up, lingers=False),
        "extend": Kind(requests.extend_of, _extended, lingers=True),
        "settle": Kind(requests.settle_of, settled, lingers=True),
        "release": Kind(requests.release_of, _released, lingers=True),
        "record_usage": Kind(requests.record_usage_of, _recorded, lingers=True),
        "adjust": Kind(requests.adjust_of, _adjusted, lingers=False),
    }


def granted(answer: Answer, operation_id: str) -> quota_pb2.ReserveResponse:
    return replies.granted(held_of(answer, operation_id), operation_id)


def held_of(answer: Answer, operation_id: str) -> Granted:
    """What a reserve was given. Raises LimitExceeded where it was refused."""
    if isinstance(answer, Refused):
        raise replies.limit_exceeded(answer, operation_id)
    assert isinstance(answer, Granted)
    return answer


def _topped_up(answer: Answer, operation_id: str) -> quota_pb2.TopUpResponse:
    if isinstance(answer, Refused):
        raise replies.limit_exceeded(answer, operation_id)
    assert isinstance(answer, Enlarged)
    return replies.enlarged(answer)


def _extended(answer: Answer, operation_id: str) -> quota_pb2.ExtendResponse:
    assert isinstance(answer, Prolonged)
    return replies.prolonged(answer)


def settled(answer: Answer, operation_id: str) -> quota_pb2.SettleResponse:
    if isinstance(answer, AccountedSoFar):
        return replies.accounted_so_far(answer)
    assert isinstance(answer, Accounted)
    return replies.accounted(answer)


def _dispatched(answer: Answer, operation_id: str) -> quota_pb2.DispatchResponse:
    return quota_pb2.DispatchResponse(position=replies.position_of(answer.number))


def _released(answer: Answer, operation_id: str) -> quota_pb2.ReleaseResponse:
    return quota_pb2.ReleaseResponse(position=replies.position_of(answer.number))


def _recorded(answer: Answer, operation_id: str) -> quota_pb2.RecordUsageResponse:
    return quota_pb2.RecordUsageResponse(position=replies.position_of(answer.number))


def _adjusted(answer: Answer, operation_id: str) -> quota_pb2.AdjustResponse:
    return quota_pb2.AdjustResponse(position=replies.position_of(answer.number))
