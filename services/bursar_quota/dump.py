"""The whole state as bytes: one form, so that equal states give equal bytes, and back.

Its hash is the digest that live state and replay must share; as the body of a snapshot it saves
the replay.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from bursar.eventlog.tentative import Untracked
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.leases import lease
from bursar_quota.domain.meters import Amounts
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

DUMP_VERSION = 5  # raise it whenever a form below changes: older snapshots are then passed over


class _Dump(Struct, array_like=True):
    """What the state holds and does not follow from the rest. Pairs are sorted by their first."""

    limits: dict[str, LimitEntry]
    reservations: dict[str, Reservation]
    operations: list[tuple[int, dict[str, Remembered]]]
    ended: list[tuple[int, dict[str, Ending]]]
    usage_hours: list[tuple[UsageAxes, list[tuple[int, Amounts]]]]
    alerted: dict[str, dict[str, Alerted]]
    alerts: list[tuple[int, AlertRaised]]
    standpoint: Standpoint


_encoder = Encoder(order="deterministic")
_decoder = Decoder(_Dump)


def dump(state: State) -> bytes:
    """Takes time in proportion to the state."""
    return _encoder.encode(
        _Dump(
            state.limits,
            state.reservations,
            sorted(state.operations.items()),
            sorted(state.ended.items()),
            [(axes, sorted(hours.items())) for axes, hours in sorted(state.usage_hours.items())],
            state.alerted,
            sorted(state.alerts.items()),
            state.now,
        )
    )


def digest(state: State) -> bytes:
    """SHA-256 of the dump."""
    return sha256(dump(state)).digest()


def load(dumped: bytes) -> State:
    """The state of which `dumped` is the dump. Raises msgspec.DecodeError for other bytes."""
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
