"""Requests as orders: checked, copied into the domain's words, with ids and trace added."""

from __future__ import annotations

from collections.abc import Container
from hashlib import sha256

from google.protobuf.message import Message

from bursar.errors import InvalidRequest
from bursar.eventlog.envelope import new_event_id
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.telemetry import context as trace_context
from bursar_quota import bounds
from bursar_quota.domain.calls import TENANT_DEFAULT, Attribution, Origin, Target
from bursar_quota.domain.commands import (
    Adjust,
    Dispatch,
    Extend,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    SettlePartly,
    Stamp,
    TopUp,
)
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts
from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S
from bursar_quota.messages import amounts_of, attribution_of, origin_of, target_of, used_of
from bursar_quota.reservation_ids import ReservationIds

LEASE_NS_DEFAULT = 120 * NS_PER_S
LEASE_NS_MAX = 24 * NS_PER_HOUR
WAIT_NS_MAX = NS_PER_HOUR
PRIORITY_MAX = 9
REASON_BYTES_MAX = 1024
_OUTCOMES = frozenset(quota_pb2.Outcome.values())
_SOURCES = frozenset(quota_pb2.UsageSource.values())
# What orders leave open, as it is decided: behind the order's bytes the two are one message.
_ONE_REQUEST = quota_pb2.SettleRequest(requests=1).SerializeToString()
_OF_DEFAULT_TENANT = quota_pb2.RecordUsageRequest(
    attribution=ledger_pb2.Attribution(tenant_id=TENANT_DEFAULT)
).SerializeToString()

_RESERVATION_IDS = ReservationIds()


def stamp_of(order: bytes, request: Message, operation_id: str, now_ns: int) -> Stamp:
    """The order's own name is part of its content: to settle is not to release."""
    return _taken(order, request, operation_id, now_ns)[0]


def _taken(order: bytes, request: Message, operation_id: str, now_ns: int) -> tuple[Stamp, bytes]:
    """Its stamp, and its content for the log. What is not known here does not get there."""
    bounds.check_id("operation_id", operation_id)
    request.DiscardUnknownFields()
    content = request.SerializeToString(deterministic=True)
    trace = trace_context.current()
    trace_id, span_id = (b"", b"") if trace is None else (trace.trace_id, trace.span_id)
    stamp = Stamp(
        operation_id or new_event_id(now_ns), sha256(order + content).digest(), trace_id, span_id
    )
    if not operation_id:
        content = type(request)(operation_id=stamp.operation_id).SerializeToString() + content
    return stamp, content


def reserve_of(
    request: quota_pb2.ReserveRequest,
    now_ns: int,
    lease_default_ns: int = LEASE_NS_DEFAULT,
    reservation_ids: ReservationIds = _RESERVATION_IDS,
) -> Reserve:
    if request.wait_ns or request.priority:  # how long one waits is not what is ordered
        _check_wait(request)
        order, request = request, quota_pb2.ReserveRequest()
        request.CopyFrom(order)
        request.ClearField("wait_ns")
        request.ClearField("priority")
    stamp, content = _taken(b"reserve ", request, request.operation_id, now_ns)
    attribution, target, amounts = asked_of(request.attribution, request.target, request.amounts)
    if request.HasField("lease_ns") and request.lease_ns == 0:
        remedy = "give more than 0, or leave it out for the default"
        raise InvalidRequest.of("lease_ns", 0, remedy)
    _check_lease(request.lease_ns)
    lease_ns = request.lease_ns or lease_default_ns
    return Reserve(
        stamp,
        content + _reserve_defaults(request, lease_ns),
        reservation_id=reservation_ids.new(),
        origin=_origin(request.attribution),
        attribution=attribution,
        target=target,
        amounts=amounts,
        lease_ns=lease_ns,
        is_dispatched=request.is_dispatched,
    )


def asked_of(
    attribution_message: ledger_pb2.Attribution,
    target_message: ledger_pb2.Target,
    amounts_message: ledger_pb2.Amounts,
) -> tuple[Attribution, Target, Amounts]:
    """Who asks for what; 0 requests mean 1."""
    attribution, target = named_of(attribution_message, target_message)
    amounts = amounts_of(amounts_message)
    bounds.check_amounts("amounts", amounts)
    if amounts.requests == 0:
        amounts = Amounts(1, amounts.input_tokens, amounts.output_tokens, amounts.cost_nano_usd)
    return attribution, target, amounts


def named_of(
    attribution_message: ledger_pb2.Attribution, target_message: ledger_pb2.Target
) -> tuple[Attribution, Target]:
    """Who and where, as far as it is said."""
    attribution, target = attribution_of(attribution_message), target_of(target_message)
    bounds.check_attribution(attribution)
    bounds.check_target(target)
    return attribution, target


def _origin(attribution: ledger_pb2.Attribution) -> Origin:
    origin = origin_of(attribution)
    bounds.check_origin(origin)
    return origin


def dispatch_of(request: quota_pb2.DispatchRequest, now_ns: int) -> Dispatch:
    stamp, content = _taken(b"dispatch ", request, request.operation_id, now_ns)
    bounds.check_given_id("reservation_id", request.reservation_id)
    return Dispatch(stamp, content, reservation_id=request.reservation_id)


def top_up_of(request: quota_pb2.TopUpRequest, now_ns: int) -> TopUp:
    stamp, content = _taken(b"top_up ", request, request.operation_id, now_ns)
    bounds.check_given_id("reservation_id", request.reservation_id)
    amounts = amounts_of(request.amounts)
    bounds.check_amounts("amounts", amounts)
    if amounts == NO_AMOUNTS:
        raise InvalidRequest.of("amounts", "nothing", "give at least one amount above 0")
    return TopUp(stamp, content, reservation_id=request.reservation_id, amounts=amounts)


def extend_of(request: quota_pb2.ExtendRequest, now_ns: int) -> Extend:
    stamp, content = _taken(b"extend ", request, request.operation_id, now_ns)
    bounds.check_given_id("reservation_id", request.reservation_id)
    _check_lease(request.lease_ns)
    return Extend(stamp, content, reservation_id=request.reservation_id, lease_ns=request.lease_ns)


def adjust_of(request: quota_pb2.AdjustRequest, now_ns: int) -> Adjust:
    stamp, content = _taken(b"adjust ", request, request.operation_id, now_ns)
    attribution, target = named_of(request.attribution, request.target)
    amounts = amounts_of(request.amounts)
    bounds.check_signed_amounts("amounts", amounts)
    bounds.check_text("author", request.author)
    bounds.check_given_id("reason", request.reason[:1])
    bounds.check_text("reason", request.reason, REASON_BYTES_MAX)
    bounds.check_id("corrects_id", request.corrects_id)
    bounds.check_amount("used_at_ns", request.used_at_ns)
    return Adjust(
        stamp,
        content if request.attribution.tenant_id else content + _OF_DEFAULT_TENANT,
        origin=_origin(request.attribution),
        attribution=attribution,
        target=target,
        amounts=amounts,
        used_at_ns=request.used_at_ns,
    )


def settle_of(request: quota_pb2.SettleRequest, now_ns: int) -> Settle | SettlePartly:
    is_partial = request.is_partial
    if request.is_awaited or is_partial:  # how long one waits is not what is ordered
        order, request = request, quota_pb2.SettleRequest()
        request.CopyFrom(order)
        request.ClearField("is_awaited")
        request.ClearField("is_partial")
    name = b"settle_partly " if is_partial else b"settle "
    stamp, content = _taken(name, request, request.operation_id, now_ns)
    bounds.check_given_id("reservation_id", request.reservation_id)
    used = _used(request, request.requests if request.HasField("requests") else 1)
    bounds.check_text("answered_by_model", request.answered_by_model)
    _check_known("outcome", request.outcome, _OUTCOMES)
    if not request.HasField("requests"):
        content += _ONE_REQUEST
    if is_partial:
        return SettlePartly(stamp, content, reservation_id=request.reservation_id, used=used)
    return Settle(stamp, content, reservation_id=request.reservation_id, used=used)


def release_of(request: quota_pb2.ReleaseRequest, now_ns: int) -> Release:
    stamp, content = _taken(b"release ", request, request.operation_id, now_ns)
    bounds.check_given_id("reservation_id", request.reservation_id)
    bounds.check_text("reason", request.reason, REASON_BYTES_MAX)
    return Release(stamp, content, reservation_id=request.reservation_id, reason=request.reason)


def record_usage_of(request: quota_pb2.RecordUsageRequest, now_ns: int) -> RecordUsage:
    stamp, content = _taken(b"record_usage ", request, request.operation_id, now_ns)
    attribution, target = named_of(request.attribution, request.target)
    used = _used(request, request.requests)
    if not request.attribution.tenant_id:
        content += _OF_DEFAULT_TENANT
    return RecordUsage(
        stamp,
        content,
        origin=_origin(request.attribution),
        attribution=attribution,
        target=target,
        used=used,
    )


def _used(
    request: quota_pb2.SettleRequest | quota_pb2.RecordUsageRequest, requests: int
) -> Amounts:
    bounds.check_usage(request.usage)
    bounds.check_cost(request.cost)
    bounds.check_savings(request.savings)
    bounds.check_text("provider_request_id", request.provider_request_id)
    bounds.check_amount("duration_ns", request.duration_ns)
    _check_known("source", request.source, _SOURCES)
    used = used_of(request.usage, request.cost, requests)
    bounds.check_amounts("used", used)
    return used


def _reserve_defaults(request: quota_pb2.ReserveRequest, lease_ns: int) -> bytes:
    """What the order left open, as it is decided: behind the order the two are one message."""
    if request.attribution.tenant_id and request.amounts.requests and request.lease_ns:
        return b""
    defaults = quota_pb2.ReserveRequest()
    if not request.attribution.tenant_id:
        defaults.attribution.tenant_id = TENANT_DEFAULT
    if not request.amounts.requests:
        defaults.amounts.requests = 1
    if not request.lease_ns:
        defaults.lease_ns = lease_ns
    return defaults.SerializeToString()


def _check_wait(request: quota_pb2.ReserveRequest) -> None:
    if not 0 <= request.wait_ns <= WAIT_NS_MAX:
        remedy = f"0 for not at all, or at most {WAIT_NS_MAX} (1 h)"
        raise InvalidRequest.of("wait_ns", request.wait_ns, remedy)
    if request.priority > PRIORITY_MAX:
        raise InvalidRequest.of("priority", request.priority, f"0 to {PRIORITY_MAX}")


def _check_lease(lease_ns: int) -> None:
    if not 0 <= lease_ns <= LEASE_NS_MAX:
        remedy = f"0 for the default, or at most {LEASE_NS_MAX} (24 h)"
        raise InvalidRequest.of("lease_ns", lease_ns, remedy)


def _check_known(field: str, value: int, known: Container[int]) -> None:
    if value not in known:
        raise InvalidRequest.of(field, value, "name one of the contract, or none")
