"""Each kind of event and its payload in the log: what is written, and what the rules read of it.

A payload holds more than the rules know (usage by kind of token, price, savings): that comes
encoded with the command as its `account`, and stays as it came.
"""

from __future__ import annotations

from collections.abc import Iterable

from bursar.events.v1 import usage_pb2
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
from bursar_quota.messages import (
    amounts_message,
    amounts_of,
    attribution_message,
    attribution_of,
    level_message,
    level_of,
    limit_message,
    limit_of,
    target_message,
    target_of,
    used_of,
)
from bursar_quota.place import Place


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
    return usage_pb2.Reserved(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        attribution=attribution_message(event.attribution),
        target=target_message(event.target),
        held=amounts_message(event.held),
        moves=_move_messages(event.moves),
        lease_ns=event.lease_ns,
        lease_expires_at_ns=event.lease_expires_at_ns,
        is_dispatched=event.is_dispatched,
        is_near_limit=event.is_near_limit,
    )


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
        message.attribution.CopyFrom(attribution_message(command.attribution))
        message.target.CopyFrom(target_message(command.target))
        message.requested.CopyFrom(amounts_message(command.amounts))
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
    return usage_pb2.Settled(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        attribution=attribution_message(event.attribution),
        target=target_message(event.target),
        requests=event.used.requests,
        overrun=amounts_message(event.overrun),
        moves=_move_messages(event.moves),
        is_late=event.is_late,
    )


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
    return usage_pb2.Released(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        reservation_id=event.reservation_id,
        moves=_move_messages(event.moves),
        reason=event.reason,
    )


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
    return usage_pb2.Expired(
        reservation_id=event.reservation_id,
        is_charged=event.charged is not None,
        attribution=attribution_message(event.attribution),
        target=target_message(event.target),
        charged=None if event.charged is None else amounts_message(event.charged),
        moves=_move_messages(event.moves),
    )


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
    return usage_pb2.UsageRecorded(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        attribution=attribution_message(event.attribution),
        target=target_message(event.target),
        requests=event.used.requests,
        moves=_move_messages(event.moves),
    )


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


def _move_messages(moves: tuple[Move, ...]) -> list[usage_pb2.Move]:
    return [
        usage_pb2.Move(
            limit_id=move.limit_id,
            window_id=move.window_id,
            settled_delta=move.settled_delta,
            held_delta=move.held_delta,
            window_ends_at_ns=move.window_ends_at_ns,
        )
        for move in moves
    ]


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
