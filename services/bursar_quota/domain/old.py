"""What is kept of long ago, outside memory: rules ask for it by id, wherever it is."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

Kept = TypeVar("Kept")
Kept_co = TypeVar("Kept_co", covariant=True)

SEGMENT_EVENTS = 1 << 16  # no segment in memory grows beyond these
_NUMBER_BITS = 40  # of a segment's place among those of its time


class OldSegment(Protocol[Kept_co]):
    """What was kept in one segment; equal content has an equal digest."""

    @property
    def digest(self) -> bytes: ...

    def find(self, hashed: bytes) -> Kept_co | None: ...


class Old(Protocol[Kept]):
    """Segments by number. Forgetting drops one from `segments`; the rules change nothing else."""

    @property
    def segments(self) -> dict[int, OldSegment[Kept]]: ...

    def find(self, key: str) -> Kept | None: ...


class NothingOld(Generic[Kept]):
    """Where all is in memory."""

    def __init__(self) -> None:
        self.segments: dict[int, OldSegment[Kept]] = {}

    def find(self, key: str) -> Kept | None:
        return None


def segment_number(time_segment: int, event_number: int) -> int:
    """By time, so that whole segments are forgotten, and by events, so that they stay small."""
    return time_segment << _NUMBER_BITS | event_number // SEGMENT_EVENTS


def time_segment_of(number: int) -> int:
    return number >> _NUMBER_BITS
