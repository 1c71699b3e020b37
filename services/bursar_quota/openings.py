"""Openings of buckets as the log has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bursar.events.v1 import usage_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.levels import Opening
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.windows import Window

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer


def bucket_message(opening: Opening) -> usage_pb2.Bucket:
    return usage_pb2.Bucket(
        bucket=opening.number,
        limit_id=opening.limit_id,
        meter=quota_pb2.Meter.ValueType(opening.meter),
        window_id=opening.window.window_id,
        window_starts_at_ns=opening.window.starts_at_ns,
        window_ends_at_ns=opening.window.ends_at_ns,
    )


def opening_of(message: usage_pb2.Bucket) -> Opening:
    """Raises ValueError for a meter that is not known."""
    window = Window(message.window_id, message.window_starts_at_ns, message.window_ends_at_ns)
    return Opening(message.bucket, message.limit_id, Meter(message.meter), window)


def openings_of(messages: Iterable[usage_pb2.Bucket]) -> tuple[Opening, ...]:
    return tuple(map(opening_of, messages))


def write_openings(
    openings: Iterable[Opening], messages: RepeatedCompositeFieldContainer[usage_pb2.Bucket]
) -> None:
    messages.extend(map(bucket_message, openings))
