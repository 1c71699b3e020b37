"""The payloads of the two events that come with each call, in the fewest steps.

They are written by hand and read with what repeats left as bytes; `payloads` does the same for all
other kinds in the usual way, and tests read what is written here by the contract.
"""

from __future__ import annotations

from functools import lru_cache

from bursar.events.v1 import usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.events import Reserved, Settled
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts
from bursar_quota.messages import (
    KINDS_OF_CALLS_MAX,
    amounts_of,
    attribution_of,
    target_of,
    write_amounts,
    write_attribution,
    write_target,
)
from bursar_quota.openings import openings_of, write_openings
from bursar_quota.place import Place
from bursar_quota.unparsed import Unparsed, unparsed
from bursar_quota.wire_format import (
    bytes_field,
    bytes_tag,
    joined,
    number_tag,
    packed_field,
    text_field,
    unpacked,
    varint,
)

RESERVED = unparsed(
    usage_pb2.Reserved,
    {
        "operation_id",
        "attribution",
        "held",
        "lease_ns",
        "is_dispatched",
        "fingerprint",
        "reservation_id",
        "opened",
        "lease_expires_at_ns",
        "is_near_limit",
    },
    {"target", "buckets"},
)
SETTLED = unparsed(
    usage_pb2.Settled,
    {"operation_id", "reservation_id", "usage", "requests", "fingerprint", "overrun", "is_late"},
    {"cost", "buckets", "attribution", "target"},
)
_COST = unparsed(ledger_pb2.Cost, {"total_nano_usd"}, set())

_R, _S = usage_pb2.Reserved, usage_pb2.Settled
_YES = varint(1)
_R_FINGERPRINT = bytes_tag(_R.FINGERPRINT_FIELD_NUMBER)
_R_RESERVATION_ID = bytes_tag(_R.RESERVATION_ID_FIELD_NUMBER)
_R_BUCKETS = bytes_tag(_R.BUCKETS_FIELD_NUMBER)
_R_LEASE_EXPIRES_AT_NS = number_tag(_R.LEASE_EXPIRES_AT_NS_FIELD_NUMBER)
_R_IS_NEAR_LIMIT = number_tag(_R.IS_NEAR_LIMIT_FIELD_NUMBER) + _YES
_S_FINGERPRINT = bytes_tag(_S.FINGERPRINT_FIELD_NUMBER)
_S_BUCKETS = bytes_tag(_S.BUCKETS_FIELD_NUMBER)
_S_IS_LATE = number_tag(_S.IS_LATE_FIELD_NUMBER) + _YES


def reserved(event: Reserved) -> bytes:
    """What was decided."""
    return joined(
        (
            bytes_field(_R_FINGERPRINT, event.fingerprint),
            text_field(_R_RESERVATION_ID, event.reservation_id),
            packed_field(_R_BUCKETS, event.buckets),
            _opened(event) if event.opened else b"",
            _R_LEASE_EXPIRES_AT_NS,
            varint(event.lease_expires_at_ns),
            _R_IS_NEAR_LIMIT if event.is_near_limit else b"",
        )
    )


def reserved_of(message: Unparsed, place: Place) -> Reserved:
    opened = message.opened
    return Reserved(
        place.number,
        place.at_ns,
        message.operation_id,
        message.fingerprint,
        place.origin,
        reservation_id=message.reservation_id,
        attribution=attribution_of(message.attribution),
        target=_target(message.target),
        held=amounts_of(message.held),
        buckets=_buckets(message.buckets),
        opened=openings_of(opened) if opened else (),
        lease_ns=message.lease_ns,
        lease_expires_at_ns=message.lease_expires_at_ns,
        is_dispatched=message.is_dispatched,
        is_near_limit=message.is_near_limit,
    )


def settled(event: Settled) -> bytes:
    """What was decided, and whose it is."""
    return joined(
        (
            bytes_field(_S_FINGERPRINT, event.fingerprint),
            packed_field(_S_BUCKETS, event.buckets),
            _whose(event.attribution, event.target),
            b"" if event.overrun is NO_AMOUNTS else _overrun(event.overrun),
            _S_IS_LATE if event.is_late else b"",
        )
    )


def settled_of(message: Unparsed, place: Place) -> Settled:
    usage, cost_bytes = message.usage, message.cost
    cost_nano_usd = _COST.FromString(cost_bytes).total_nano_usd if cost_bytes else 0
    return Settled(
        place.number,
        place.at_ns,
        message.operation_id,
        message.fingerprint,
        place.origin,
        reservation_id=message.reservation_id,
        attribution=_attribution(message.attribution),
        target=_target(message.target),
        used=Amounts(message.requests, usage.input_tokens, usage.output_tokens, cost_nano_usd),
        overrun=amounts_of(message.overrun) if message.HasField("overrun") else NO_AMOUNTS,
        buckets=_buckets(message.buckets),
        is_late=message.is_late,
    )


def _opened(event: Reserved) -> bytes:
    message = usage_pb2.Reserved()
    write_openings(event.opened, message.opened)
    return message.SerializeToString()


def _overrun(overrun: Amounts) -> bytes:
    message = usage_pb2.Settled()
    write_amounts(overrun, message.overrun)
    return message.SerializeToString()


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def _whose(attribution: Attribution, target: Target) -> bytes:
    message = usage_pb2.Settled()
    write_attribution(attribution, message.attribution)
    write_target(target, message.target)
    return message.SerializeToString()


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def _attribution(encoded: bytes) -> Attribution:
    return attribution_of(ledger_pb2.Attribution.FromString(encoded))


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def _target(encoded: bytes) -> Target:
    return target_of(ledger_pb2.Target.FromString(encoded))


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def _buckets(packed: bytes) -> tuple[int, ...]:
    return tuple(unpacked(packed))
