"""The whole state as bytes: one form, so that equal states give equal bytes, and back.

Its hash is the digest that live state and replay must share; as the body of a snapshot it saves
the replay.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple, TypeVar

from msgspec import DecodeError, Struct
from msgspec.msgpack import Decoder, Encoder

from bursar.eventlog.tentative import Untracked
from bursar_quota.archive import Archive
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.leases import lease
from bursar_quota.domain.meters import Amounts
from bursar_quota.domain.old import Old
from bursar_quota.domain.state import (
    Alerted,
    Ending,
    LimitEntry,
    Phase,
    Remembered,
    Reservation,
    Standpoint,
    State,
    UsageAxes,
)
from bursar_quota.old_entries import DIGEST_BYTES, packed

Kept = TypeVar("Kept")

DUMP_VERSION = 6  # raise it whenever a form below changes: older snapshots are then passed over


class _Dump(Struct, array_like=True):
    """What the state holds and does not follow from the rest. Pairs are sorted by their first."""

    limits: dict[str, LimitEntry]
    reservations: dict[str, Reservation]
    operations: list[tuple[int, dict[str, Remembered]]]
    ended: list[tuple[int, dict[str, Ending]]]
    old_operations: list[tuple[int, bytes]]  # digests of their files
    old_ended: list[tuple[int, bytes]]
    usage_hours: list[tuple[UsageAxes, list[tuple[int, Amounts]]]]
    alerted: dict[str, dict[str, Alerted]]
    alerts: list[tuple[int, AlertRaised]]
    standpoint: Standpoint


_encoder = Encoder(order="deterministic")
_decoder = Decoder(_Dump)


class _Segments(NamedTuple):
    """What is remembered, segment by segment: whole, or by the digest of what is in it."""

    operations: list[tuple[int, dict[str, Remembered]]]
    ended: list[tuple[int, dict[str, Ending]]]
    old_operations: list[tuple[int, bytes]]
    old_ended: list[tuple[int, bytes]]


def dump(state: State) -> bytes:
    """Takes time in proportion to the state, as far as it is in memory."""
    return _encoded(
        state,
        _Segments(
            sorted(state.operations.items()),
            sorted(state.ended.items()),
            _digests(state.old_operations),
            _digests(state.old_ended),
        ),
    )


def digest(state: State) -> bytes:
    """SHA-256 of the dump, in which each segment stands by its digest, wherever it is kept."""
    operations = _all_digests(state.operations, state.old_operations)
    ended = _all_digests(state.ended, state.old_ended)
    return sha256(_encoded(state, _Segments([], [], operations, ended))).digest()


def _all_digests(segments: dict[int, dict[str, Kept]], old: Old[Kept]) -> list[tuple[int, bytes]]:
    in_memory = ((number, packed(segment)[-DIGEST_BYTES:]) for number, segment in segments.items())
    return sorted((*in_memory, *_digests(old)))


def _digests(old: Old[Kept]) -> list[tuple[int, bytes]]:
    return sorted((number, segment.digest) for number, segment in old.segments.items())


def _encoded(state: State, parts: _Segments) -> bytes:
    return _encoder.encode(
        _Dump(
            state.limits,
            state.reservations,
            parts.operations,
            parts.ended,
            parts.old_operations,
            parts.old_ended,
            [(axes, sorted(hours.items())) for axes, hours in sorted(state.usage_hours.items())],
            state.alerted,
            sorted(state.alerts.items()),
            state.now,
        )
    )


def load(dumped: bytes, archive: Archive | None = None) -> State:
    """The state of which `dumped` is the dump; what it does not hold itself is in `archive`.

    Raises msgspec.DecodeError for other bytes, and where the archive is not as it was.
    """
    found = _decoder.decode(dumped)
    state = State(
        limits=found.limits,
        reservations=found.reservations,
        operations=dict(found.operations),
        ended=dict(found.ended),
        usage_hours={axes: dict(hours) for axes, hours in found.usage_hours},
        alerted=found.alerted,
        alerts=dict(found.alerts),
        standpoint={None: found.standpoint},
    )
    if archive is not None:
        archive.open(found.old_operations, found.old_ended)
        archive.attach(state)
    elif found.old_operations or found.old_ended:
        raise DecodeError("the files of old operations are not at hand")
    undo = Untracked()
    for limit_id, entry in state.limits.items():
        state.shelves.file(entry.limit.selector, limit_id, entry, undo)
        for bucket in entry.buckets.values():
            state.buckets[bucket.number] = bucket
            state.touched.add(bucket.number)
    for reservation in state.reservations.values():
        if reservation.phase is not Phase.CHARGED:
            lease(state, reservation, undo)
    return state
