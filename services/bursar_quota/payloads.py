"""Kinds of events and their payloads in the log: what is written, and what the rules read of it.

The two that come with each call have a file of their own.

What is written here is what was decided. The order itself (with more than the rules know: usage by
kind of token, price, savings) stands before it in the payload, as it came.
"""

from __future__ import annotations

from bursar.events.v1 import usage_pb2
from bursar_quota.domain.events import (
    AlertRaised,
    Denied,
    Dispatched,
    Expired,
    Extended,
    HorizonMoved,
    LimitCounted,
    LimitDeleted,
    LimitPut,
    PartlySettled,
    Released,
    ToppedUp,
    TopUpDenied,
    UsageAdjusted,
    UsageRecorded,
)
from bursar_quota.domain.levels import Earlier
from bursar_quota.domain.windows import Window
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
from bursar_quota.openings import bucket_message, opening_of, openings_of
from bursar_quota.place import Place


def limit_put(event: LimitPut) -> usage_pb2.LimitPut:
    return usage_pb2.LimitPut(
        operation_id=event.operation_id,
        fingerprint=event.fingerprint,
        limit=limit_message(event.limit),
        level=level_message(event.level, with_limit=False),
        opened=None if event.opened is None else bucket_message(event.opened),
        earlier=[
            usage_pb2.EarlierPart(bucket=bucket_message(part.opening), settled=part.settled)
            for part in event.earlier
        ],
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
        origin=place.origin,
        limit=limit,
        level=level_of(message.level, limit),
        opened=opening_of(message.opened) if message.HasField("opened") else None,
        earlier=tuple(Earlier(opening_of(part.bucket), part.settled) for part in message.earlier),
        author=message.author,
        reason=message.reason,
    )


def limit_counted(event: LimitCounted) -> usage_pb2.LimitCounted:
    return usage_pb2.LimitCounted(
        limit_id=event.limit_id,
        put_event_number=event.made_by,
        buckets=event.buckets,
        opened=map(bucket_message, event.opened),
        settled_deltas=event.settled_deltas,
    )


def limit_counted_of(message: usage_pb2.LimitCounted, place: Place) -> LimitCounted:
    return LimitCounted(
        number=place.number,
        at_ns=place.at_ns,
        origin=place.origin,
        limit_id=message.limit_id,
        made_by=message.put_event_number,
        buckets=tuple(message.buckets),
        opened=openings_of(message.opened),
        settled_deltas=tuple(message.settled_deltas),
    )


def alert_raised(event: AlertRaised) -> usage_pb2.AlertRaised:
    return usage_pb2.AlertRaised(
        level=level_message(event.level),
        threshold_pct=event.threshold_pct,
        period_id=event.period.window_id,
        period_starts_at_ns=event.period.starts_at_ns,
        period_ends_at_ns=event.period.ends_at_ns,
    )


def alert_raised_of(message: usage_pb2.AlertRaised, place: Place) -> AlertRaised:
    return AlertRaised(
        number=place.number,
        at_ns=place.at_ns,
        origin=place.origin,
        level=level_of(message.level, limit_of(message.level.limit)),
        threshold_pct=message.threshold_pct,
        period=Window(message.period_id, message.period_starts_at_ns, message.period_ends_at_ns),
    )


def limit_deleted(event: LimitDeleted) -> usage_pb2.LimitDeleted:
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


def denied(event: Denied) -> usage_pb2.Denied:
    return usage_pb2.Denied(
        fingerprint=event.fingerprint,
        denied_by=level_message(event.level),
        requested_of_meter=event.requested,
        reason=event.reason,
        retry_after_ns=event.retry_after_ns,
    )


def denied_of(message: usage_pb2.Denied, place: Place) -> Denied:
    return Denied(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        level=level_of(message.denied_by, limit_of(message.denied_by.limit)),
        requested=message.requested_of_meter,
        reason=message.reason,
        retry_after_ns=message.retry_after_ns,
    )


def dispatched(event: Dispatched) -> usage_pb2.Dispatched:
    return usage_pb2.Dispatched(
        fingerprint=event.fingerprint, lease_expires_at_ns=event.lease_expires_at_ns
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


def topped_up(event: ToppedUp) -> usage_pb2.ToppedUp:
    message = usage_pb2.ToppedUp(
        fingerprint=event.fingerprint, buckets=event.buckets, is_near_limit=event.is_near_limit
    )
    write_amounts(event.held, message.held)
    return message


def topped_up_of(message: usage_pb2.ToppedUp, place: Place) -> ToppedUp:
    return ToppedUp(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        added=amounts_of(message.added),
        held=amounts_of(message.held),
        buckets=tuple(message.buckets),
        is_near_limit=message.is_near_limit,
    )


def top_up_denied(event: TopUpDenied) -> usage_pb2.TopUpDenied:
    return usage_pb2.TopUpDenied(
        fingerprint=event.fingerprint,
        denied_by=level_message(event.level),
        requested_of_meter=event.requested,
        reason=event.reason,
        retry_after_ns=event.retry_after_ns,
    )


def top_up_denied_of(message: usage_pb2.TopUpDenied, place: Place) -> TopUpDenied:
    return TopUpDenied(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        level=level_of(message.denied_by, limit_of(message.denied_by.limit)),
        requested=message.requested_of_meter,
        reason=message.reason,
        retry_after_ns=message.retry_after_ns,
    )


def extended(event: Extended) -> usage_pb2.Extended:
    return usage_pb2.Extended(
        fingerprint=event.fingerprint,
        lease_ns=event.lease_ns,
        lease_expires_at_ns=event.lease_expires_at_ns,
    )


def extended_of(message: usage_pb2.Extended, place: Place) -> Extended:
    return Extended(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        lease_ns=message.lease_ns,
        lease_expires_at_ns=message.lease_expires_at_ns,
    )


def partly_settled(event: PartlySettled) -> usage_pb2.PartlySettled:
    message = usage_pb2.PartlySettled(
        fingerprint=event.fingerprint,
        buckets=event.buckets,
        lease_expires_at_ns=event.lease_expires_at_ns,
    )
    write_amounts(event.overrun, message.overrun)
    return message


def partly_settled_of(message: usage_pb2.PartlySettled, place: Place) -> PartlySettled:
    return PartlySettled(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        used=used_of(message.usage, message.cost, message.requests),
        overrun=amounts_of(message.overrun),
        buckets=tuple(message.buckets),
        lease_expires_at_ns=message.lease_expires_at_ns,
    )


def released(event: Released) -> usage_pb2.Released:
    return usage_pb2.Released(fingerprint=event.fingerprint, buckets=event.buckets)


def released_of(message: usage_pb2.Released, place: Place) -> Released:
    return Released(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        reservation_id=message.reservation_id,
        buckets=tuple(message.buckets),
        reason=message.reason,
    )


def expired(event: Expired) -> usage_pb2.Expired:
    message = usage_pb2.Expired(
        reservation_id=event.reservation_id,
        is_charged=event.charged is not None,
        buckets=event.buckets,
    )
    write_attribution(event.attribution, message.attribution)
    write_target(event.target, message.target)
    if event.charged is not None:
        write_amounts(event.charged, message.charged)
    return message


def expired_of(message: usage_pb2.Expired, place: Place) -> Expired:
    return Expired(
        number=place.number,
        at_ns=place.at_ns,
        origin=place.origin,
        reservation_id=message.reservation_id,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        charged=amounts_of(message.charged) if message.is_charged else None,
        buckets=tuple(message.buckets),
    )


def usage_recorded(event: UsageRecorded) -> usage_pb2.UsageRecorded:
    return usage_pb2.UsageRecorded(
        fingerprint=event.fingerprint,
        buckets=event.buckets,
        opened=map(bucket_message, event.opened),
    )


def usage_recorded_of(message: usage_pb2.UsageRecorded, place: Place) -> UsageRecorded:
    return UsageRecorded(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        used=used_of(message.usage, message.cost, message.requests),
        buckets=tuple(message.buckets),
        opened=openings_of(message.opened),
    )


def usage_adjusted(event: UsageAdjusted) -> usage_pb2.UsageAdjusted:
    return usage_pb2.UsageAdjusted(
        fingerprint=event.fingerprint,
        used_at_ns=event.used_at_ns,
        buckets=event.buckets,
        opened=map(bucket_message, event.opened),
        settled_deltas=event.settled_deltas,
    )


def usage_adjusted_of(message: usage_pb2.UsageAdjusted, place: Place) -> UsageAdjusted:
    return UsageAdjusted(
        number=place.number,
        at_ns=place.at_ns,
        operation_id=message.operation_id,
        fingerprint=message.fingerprint,
        origin=place.origin,
        attribution=attribution_of(message.attribution),
        target=target_of(message.target),
        amounts=amounts_of(message.amounts),
        used_at_ns=message.used_at_ns,
        buckets=tuple(message.buckets),
        opened=openings_of(message.opened),
        settled_deltas=tuple(message.settled_deltas),
    )


def horizon_moved(event: HorizonMoved) -> usage_pb2.HorizonMoved:
    return usage_pb2.HorizonMoved(forget_before_ns=event.forget_before_ns)


def horizon_moved_of(message: usage_pb2.HorizonMoved, place: Place) -> HorizonMoved:
    return HorizonMoved(
        number=place.number, at_ns=place.at_ns, forget_before_ns=message.forget_before_ns
    )
