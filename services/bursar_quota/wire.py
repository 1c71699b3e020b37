"""The events of the `usage` stream as bytes, and back: an envelope, and a payload a kind.

Old shapes are lifted here, one version a step; the domain sees only the newest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from google.protobuf.message import DecodeError, Message

from bursar.errors import LogBroken
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, usage_pb2
from bursar_quota import call_payloads, payloads
from bursar_quota.domain import events
from bursar_quota.domain.calls import NOBODYS, Origin
from bursar_quota.domain.commands import Command, Operation
from bursar_quota.place import Place
from bursar_quota.wire_format import (
    ENCODED_MAX,
    bytes_field,
    bytes_tag,
    joined,
    number_tag,
    text_field,
    varint,
)

USAGE = StreamId("usage")
SCHEMA_VERSION = 1
_E = event_pb2.Event
_EVENT_ID = bytes_tag(_E.EVENT_ID_FIELD_NUMBER)
_CALL_ID = bytes_tag(_E.CALL_ID_FIELD_NUMBER)
_CAUSE_ID = bytes_tag(_E.CAUSE_ID_FIELD_NUMBER)
_TRACE_ID = bytes_tag(_E.TRACE_ID_FIELD_NUMBER)
_SPAN_ID = bytes_tag(_E.SPAN_ID_FIELD_NUMBER)
_AT_NS = number_tag(_E.AT_NS_FIELD_NUMBER)
_PAYLOAD = bytes_tag(_E.PAYLOAD_FIELD_NUMBER)


def event_id_of(number: int, partition: int = USAGE.partition) -> str:
    """An event's id says where it stands: `usage-0-42`. Numbers are without gaps and given once."""
    return f"{USAGE.name}-{partition}-{number}"


def encode(event: events.Event, command: Command, partition: int = USAGE.partition) -> bytes:
    """The envelope of one event: the order as it came, and what was decided."""
    kind = _BY_EVENT[type(event)]
    payload = kind.encode(event)
    if not isinstance(payload, bytes):
        payload = payload.SerializeToString()
    origin = NOBODYS if isinstance(event, events.HorizonMoved) else event.origin
    parts = [
        text_field(_EVENT_ID, event_id_of(event.number, partition)),
        kind.head,
        _whose(origin.tenant_id, origin.task_id),
        _AT_NS,
        varint(event.at_ns),
    ]
    if origin.call_id:
        parts.append(text_field(_CALL_ID, origin.call_id))
    if origin.cause_id:
        parts.append(text_field(_CAUSE_ID, origin.cause_id))
    if isinstance(command, Operation):
        # Two encoded messages, one after the other, are one message with the fields of both.
        payload = command.content + payload
        stamp = command.stamp
        if stamp.trace_id:
            parts.append(bytes_field(_TRACE_ID, stamp.trace_id))
            parts.append(bytes_field(_SPAN_ID, stamp.span_id))
    parts += (_PAYLOAD, varint(len(payload)), payload)
    return joined(parts)


@lru_cache(maxsize=ENCODED_MAX)
def _whose(tenant_id: str, task_id: str) -> bytes:
    return event_pb2.Event(tenant_id=tenant_id, task_id=task_id).SerializeToString()


def decode(event_bytes: bytes, number: int) -> events.Event | None:
    """The event; None for a kind that is not known here and may be skipped.

    Raises LogBroken for one that may not, for a newer version, and for bytes that are no event.
    """
    try:
        envelope = event_pb2.Event.FromString(event_bytes)
        kind = _BY_NAME.get(envelope.kind)
        if kind is None:
            if envelope.skippable:
                return None
            raise LogBroken(f"event {number} is of kind {envelope.kind!r}, which is not known here")
        if envelope.schema_version != SCHEMA_VERSION:
            raise LogBroken(
                f"event {number} is {kind.name} of version {envelope.schema_version};"
                f" known here is {SCHEMA_VERSION}"
            )
        origin = Origin(envelope.tenant_id, envelope.task_id, envelope.call_id, envelope.cause_id)
        place = Place(number, envelope.at_ns, origin)
        return kind.decode(kind.message.FromString(envelope.payload), place)
    except (DecodeError, ValueError) as error:
        raise LogBroken(f"event {number} is not one of money: {error}") from error


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's name in the log, its event and message, and the way from one to the other."""

    name: str
    event: type[events.Event]
    message: type[Message]
    # Any: each pair takes its own event and message, which stand beside it.
    encode: Callable[[Any], Message | bytes]
    decode: Callable[[Any, Place], events.Event]
    head: bytes = field(init=False)  # of its envelopes

    def __post_init__(self) -> None:
        head = event_pb2.Event(kind=self.name, schema_version=SCHEMA_VERSION).SerializeToString()
        object.__setattr__(self, "head", head)


KINDS = (
    Kind(
        "usage.limit_put",
        events.LimitPut,
        usage_pb2.LimitPut,
        payloads.limit_put,
        payloads.limit_put_of,
    ),
    Kind(
        "usage.limit_counted",
        events.LimitCounted,
        usage_pb2.LimitCounted,
        payloads.limit_counted,
        payloads.limit_counted_of,
    ),
    Kind(
        "usage.alert_raised",
        events.AlertRaised,
        usage_pb2.AlertRaised,
        payloads.alert_raised,
        payloads.alert_raised_of,
    ),
    Kind(
        "usage.limit_deleted",
        events.LimitDeleted,
        usage_pb2.LimitDeleted,
        payloads.limit_deleted,
        payloads.limit_deleted_of,
    ),
    Kind(
        "usage.reserved",
        events.Reserved,
        call_payloads.RESERVED,
        call_payloads.reserved,
        call_payloads.reserved_of,
    ),
    Kind("usage.denied", events.Denied, usage_pb2.Denied, payloads.denied, payloads.denied_of),
    Kind(
        "usage.dispatched",
        events.Dispatched,
        usage_pb2.Dispatched,
        payloads.dispatched,
        payloads.dispatched_of,
    ),
    Kind(
        "usage.topped_up",
        events.ToppedUp,
        usage_pb2.ToppedUp,
        payloads.topped_up,
        payloads.topped_up_of,
    ),
    Kind(
        "usage.top_up_denied",
        events.TopUpDenied,
        usage_pb2.TopUpDenied,
        payloads.top_up_denied,
        payloads.top_up_denied_of,
    ),
    Kind(
        "usage.extended",
        events.Extended,
        usage_pb2.Extended,
        payloads.extended,
        payloads.extended_of,
    ),
    Kind(
        "usage.partly_settled",
        events.PartlySettled,
        usage_pb2.PartlySettled,
        payloads.partly_settled,
        payloads.partly_settled_of,
    ),
    Kind(
        "usage.settled",
        events.Settled,
        call_payloads.SETTLED,
        call_payloads.settled,
        call_payloads.settled_of,
    ),
    Kind(
        "usage.released",
        events.Released,
        usage_pb2.Released,
        payloads.released,
        payloads.released_of,
    ),
    Kind("usage.expired", events.Expired, usage_pb2.Expired, payloads.expired, payloads.expired_of),
    Kind(
        "usage.recorded",
        events.UsageRecorded,
        usage_pb2.UsageRecorded,
        payloads.usage_recorded,
        payloads.usage_recorded_of,
    ),
    Kind(
        "usage.adjusted",
        events.UsageAdjusted,
        usage_pb2.UsageAdjusted,
        payloads.usage_adjusted,
        payloads.usage_adjusted_of,
    ),
    Kind(
        "usage.horizon_moved",
        events.HorizonMoved,
        usage_pb2.HorizonMoved,
        payloads.horizon_moved,
        payloads.horizon_moved_of,
    ),
)
_BY_EVENT: dict[type, Kind] = {kind.event: kind for kind in KINDS}
_BY_NAME = {kind.name: kind for kind in KINDS}
