"""How events move buckets: each takes the amount of its own meter.

A move is taken back by its opposite, so that buckets can be changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.levels import Bucket, Opening
from bursar_quota.domain.meters import NO_AMOUNTS, ByMeter, by_meter
from bursar_quota.domain.state import State

NOTHING = by_meter(NO_AMOUNTS)


def open_bucket(state: State, opening: Opening, undo: Undo) -> Bucket | None:
    """The bucket, empty; None where its limit is gone."""
    entry = state.limits.get(opening.limit_id)
    if entry is None:
        return None
    bucket = Bucket(opening.number, opening.limit_id, opening.meter, opening.window)
    undo.put(state.buckets, bucket.number, bucket)
    undo.put(entry.buckets, bucket.window.window_id, bucket)
    undo.on_rewind(state.met.clear)
    return bucket


def move(
    state: State, numbers: tuple[int, ...], settled: ByMeter, held: ByMeter, undo: Undo
) -> None:
    """Adds to the buckets that are still kept."""
    find = state.buckets.get
    moved = [bucket for number in numbers if (bucket := find(number)) is not None]
    _add(moved, settled, held)
    if settled is not NOTHING:
        state.touched.update(numbers)
    undo.on_rewind(_take, moved, settled, held)


def adjust_buckets(
    state: State, numbers: tuple[int, ...], settled_deltas: tuple[int, ...], undo: Undo
) -> None:
    """Adds to what is settled in the buckets that are still kept, to each its own."""
    for number, delta in zip(numbers, settled_deltas, strict=True):
        if number in state.buckets:
            alone: ByMeter = (0, delta, delta, delta, delta, delta, delta)  # its own meter reads it
            move(state, (number,), alone, NOTHING, undo)


def _add(buckets: Iterable[Bucket], settled: ByMeter, held: ByMeter) -> None:
    for bucket in buckets:
        meter = bucket.meter
        bucket.settled += settled[meter]
        bucket.held += held[meter]


def _take(buckets: Iterable[Bucket], settled: ByMeter, held: ByMeter) -> None:
    for bucket in buckets:
        meter = bucket.meter
        bucket.settled -= settled[meter]
        bucket.held -= held[meter]
