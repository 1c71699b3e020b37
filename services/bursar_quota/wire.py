"""The events of the `usage` stream as bytes, and back: an envelope, and a payload a kind.

Old shapes are lifted here, one version a step; the domain sees only the newest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError, Message

from bursar.errors import LogBroken
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, usage_pb2
from bursar_quota import payloads
from bursar_quota.domain import events
from bursar_quota.domain.calls import NOBODYS, Origin
from bursar_quota.domain.commands import Command, Operation
from bursar_quota.place import Place

USAGE = StreamId("usage")
SCHEMA_VERSION = 1


def event_id_of(number: int) -> str:
    """An event's id says where it stands: `usage-0-42`. Numbers are without gaps and given once."""
    return f"{USAGE.name}-{USAGE.partition}-{number}"


def encode(event: events.Event, command: Command) -> bytes:
    """The envelope of one event: the order as it came, and what was decided."""
    kind = _BY_EVENT[type(event)]
    payload = kind.encode(event).SerializeToString()
    origin = NOBODYS if isinstance(event, events.HorizonMoved) else event.origin
    envelope = event_pb2.Event(
        event_id=event_id_of(event.number),
        kind=kind.name,
        schema_version=SCHEMA_VERSION,
        tenant_id=origin.tenant_id,
        task_id=origin.task_id,
        call_id=origin.call_id,
        cause_id=origin.cause_id,
        at_ns=event.at_ns,
        payload=payload,
    )
    if isinstance(command, Operation):
        # Two encoded messages, one after the other, are one message with the fields of both.
        envelope.payload = command.content + payload
        envelope.trace_id = command.stamp.trace_id
        envelope.span_id = command.stamp.span_id
    return envelope.SerializeToString()


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
        place = Place(number, envelope.at_ns, _origin_in(envelope))
        return kind.decode(kind.message.FromString(envelope.payload), place)
    except (DecodeError, ValueError) as error:
        raise LogBroken(f"event {number} is not one of money: {error}") from error


def _origin_in(envelope: event_pb2.Event) -> Origin:
    return Origin(envelope.tenant_id, envelope.task_id, envelope.call_id, envelope.cause_id)


class Kind(NamedTuple):
    """A kind's name in the log, its event and message, and the way from one to the other."""

    name: str
    event: type[events.Event]
    message: type[Message]
    # Any: each pair takes its own event and message, which stand beside it.
    encode: Callable[[Any], Message]
    decode: Callable[[Any, Place], events.Event]


KINDS = (
    Kind(
        "usage.limit_put",
        events.LimitPut,
        usage_pb2.LimitPut,
        payloads.limit_put,
        payloads.limit_put_of,
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
        usage_pb2.Reserved,
        payloads.reserved,
        payloads.reserved_of,
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
    Kind("usage.settled", events.Settled, usage_pb2.Settled, payloads.settled, payloads.settled_of),
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
