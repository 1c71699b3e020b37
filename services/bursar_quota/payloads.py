"""Each kind of event and its payload in the log: what is written, and what the rules read of it.

A payload holds more than the rules know (usage by kind of token, price, savings): that comes
encoded with the command as its `account`, and stays as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bursar.events.v1 import usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_quota.domain.commands import Command, Reserve
from bursar_quota.domain.events import (
    Denied,
    Dispatched,
    Expired,
    HorizonMoved,
    LimitDeleted,
    LimitPut,
    Released,
    Reserved,
    Settled,
    UsageRecorded,
)
from bursar_quota.domain.levels import Move
from bursar_quota.domain.meters import Amounts
from bursar_quota.messages import (
    amounts_of,
    attribution_of,
    level_message,
    level_of,
    limit_message,
    limit_of,
    target_of,
    used_of,
    write_amounts,
    write_attribution,
    write_target,
)
from bursar_quota.place import Place

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer


def limit_put(event: LimitPut, command: Command) -> usage_pb2.LimitPut:
    return usage_pb2.LimitPut(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        limit=limit_message(event.limit),
        level=level_message(event.level, with_limit=False),
        is_recounted=event.is_recounted,
        author=event.author,
        reason=event.reason,
    )


def limit_put_of(message: usage_pb2.LimitPut, place: Place) -> LimitPut:
    limit = limit_of(message.limit)
    return LimitPut(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        limit=limit,
        level=level_of(message.level, limit),
        is_recounted=message.is_recounted,
        author=message.author,
        reason=message.reason,
    )


def limit_deleted(event: LimitDeleted, command: Command) -> usage_pb2.LimitDeleted:
    return usage_pb2.LimitDeleted(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        limit_id=event.limit_id,
        author=event.author,
        reason=event.reason,
    )


def limit_deleted_of(message: usage_pb2.LimitDeleted, place: Place) -> LimitDeleted:
    return LimitDeleted(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        limit_id=message.limit_id,
        author=message.author,
        reason=message.reason,
    )


def reserved(event: Reserved, command: Command) -> usage_pb2.Reserved:
    message = usage_pb2.Reserved(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        lease_ns=event.lease_ns,
        lease_expires_at_ns=event.lease_expires_at_ns,
        is_dispatched=event.is_dispatched,
        is_near_limit=event.is_near_limit,
    )
    write_attribution(event.attribution, message.attribution)
    write_target(event.target, message.target)
    write_amounts(event.held, message.held)
    _write_moves(event.moves, message.moves)
    return message


def reserved_of(message: usage_pb2.Reserved, place: Place) -> Reserved:
    return Reserved(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        reservation_id=message.reservation_id,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        held=amounts_of(message.held),
        moves=_moves_of(message.moves),
        lease_ns=message.lease_ns,
        lease_expires_at_ns=message.lease_expires_at_ns,
        is_dispatched=message.is_dispatched,
        is_near_limit=message.is_near_limit,
    )


def denied(event: Denied, command: Command) -> usage_pb2.Denied:
    message = usage_pb2.Denied(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        denied_by=level_message(event.level),
        requested_of_meter=event.requested,
        reason=event.reason,
        retry_after_ns=event.retry_after_ns,
    )
    if isinstance(command, Reserve):
        write_attribution(command.attribution, message.attribution)
        write_target(command.target, message.target)
        write_amounts(command.amounts, message.requested)
    return message


def denied_of(message: usage_pb2.Denied, place: Place) -> Denied:
    return Denied(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        level=level_of(message.denied_by, limit_of(message.denied_by.limit)),
        requested=message.requested_of_meter,
        reason=message.reason,
        retry_after_ns=message.retry_after_ns,
    )


def dispatched(event: Dispatched, command: Command) -> usage_pb2.Dispatched:
    return usage_pb2.Dispatched(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        lease_expires_at_ns=event.lease_expires_at_ns,
    )


def dispatched_of(message: usage_pb2.Dispatched, place: Place) -> Dispatched:
    return Dispatched(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        lease_expires_at_ns=message.lease_expires_at_ns,
    )


def settled(event: Settled, command: Command) -> usage_pb2.Settled:
    message = usage_pb2.Settled(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        requests=event.used.requests,
        is_late=event.is_late,
    )
    write_attribution(event.attribution, message.attribution)
    write_target(event.target, message.target)
    _write_used(event.used, message.usage, message.cost)
    write_amounts(event.overrun, message.overrun)
    _write_moves(event.moves, message.moves)
    return message


def settled_of(message: usage_pb2.Settled, place: Place) -> Settled:
    return Settled(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        reservation_id=message.reservation_id,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        used=used_of(message.usage, message.cost, message.requests),
        overrun=amounts_of(message.overrun),
        moves=_moves_of(message.moves),
        is_late=message.is_late,
    )


def released(event: Released, command: Command) -> usage_pb2.Released:
    message = usage_pb2.Released(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        reason=event.reason,
    )
    _write_moves(event.moves, message.moves)
    return message


def released_of(message: usage_pb2.Released, place: Place) -> Released:
    return Released(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        moves=_moves_of(message.moves),
        reason=message.reason,
    )


def expired(event: Expired, command: Command) -> usage_pb2.Expired:
    message = usage_pb2.Expired(
        reservation_id=event.reservation_id, is_charged=event.charged is not None
    )
    write_attribution(event.attribution, message.attribution)
    write_target(event.target, message.target)
    if event.charged is not None:
        write_amounts(event.charged, message.charged)
    _write_moves(event.moves, message.moves)
    return message


def expired_of(message: usage_pb2.Expired, place: Place) -> Expired:
    return Expired(
        number=place.number,
        at_ns=place.at_ns,
        reservation_id=message.reservation_id,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        charged=amounts_of(message.charged) if message.is_charged else None,
        moves=_moves_of(message.moves),
    )


def usage_recorded(event: UsageRecorded, command: Command) -> usage_pb2.UsageRecorded:
    message = usage_pb2.UsageRecorded(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        requests=event.used.requests,
    )
    write_attribution(event.attribution, message.attribution)
    write_target(event.target, message.target)
    _write_used(event.used, message.usage, message.cost)
    _write_moves(event.moves, message.moves)
    return message


def usage_recorded_of(message: usage_pb2.UsageRecorded, place: Place) -> UsageRecorded:
    return UsageRecorded(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        used=used_of(message.usage, message.cost, message.requests),
        moves=_moves_of(message.moves),
    )


def horizon_moved(event: HorizonMoved, command: Command) -> usage_pb2.HorizonMoved:
    return usage_pb2.HorizonMoved(forget_before_ns=event.forget_before_ns)


def horizon_moved_of(message: usage_pb2.HorizonMoved, place: Place) -> HorizonMoved:
    return HorizonMoved(
        number=place.number, at_ns=place.at_ns, forget_before_ns=message.forget_before_ns
    )


def _write_used(used: Amounts, usage: ledger_pb2.TokenUsage, cost: ledger_pb2.Cost) -> None:
    """The sums that the rules know; the account adds the parts."""
    usage.input_tokens = used.input_tokens
    usage.output_tokens = used.output_tokens
    cost.total_nano_usd = used.cost_nano_usd


def _write_moves(
    moves: tuple[Move, ...], messages: RepeatedCompositeFieldContainer[usage_pb2.Move]
) -> None:
    add = messages.add
    for move in moves:
        message = add()
        message.limit_id = move.limit_id
        message.window_id = move.window_id
        if move.settled_delta:
            message.settled_delta = move.settled_delta
        if move.held_delta:
            message.held_delta = move.held_delta
        message.window_ends_at_ns = move.window_ends_at_ns


def _moves_of(messages: Iterable[usage_pb2.Move]) -> tuple[Move, ...]:
    moves = [
        Move(
            message.limit_id,
            message.window_id,
            message.settled_delta,
            message.held_delta,
            message.window_ends_at_ns,
        )
        for message in messages
    ]
    return tuple(moves)
