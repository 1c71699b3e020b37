"""An event log that lives in this process: for tests, and for runs that may forget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from time import time_ns

from bursar.errors import InvalidRequest
from bursar.eventlog.chain import refuse_a_fork
from bursar.eventlog.frame import FRAME_BYTES_MAX, frame_hash
from bursar.eventlog.log import (
    Cursor,
    FenceRefused,
    LogClosed,
    LogFull,
    Record,
    StreamMissing,
    Tail,
)
from bursar.eventlog.stream import StreamId, terms_of

STREAM_BYTES_MAX = 1 << 30
FULL_PCT = 95
DELIVERED_AT_ONCE_MAX = 256  # frames that a follower gets before others have their turn

_incarnations = count(1)


@dataclass(slots=True)
class _Stored:
    frames: list[bytes] = field(default_factory=list)
    used_bytes: int = 0
    created: str = field(default_factory=lambda: str(next(_incarnations)))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Whoever waits looks again; whoever comes later waits for the next change."""
        self.changed.set()
        self.changed = asyncio.Event()


class MemoryLog:
    """Keeps every promise of `EventLog` but durability."""

    def __init__(
        self, stream_bytes_max: int = STREAM_BYTES_MAX, clock: Callable[[], int] = time_ns
    ) -> None:
        self._clock = clock
        self._streams: dict[StreamId, _Stored] = {}
        self._stream_bytes_max = stream_bytes_max
        self._closed = False

    async def open(self, stream: StreamId) -> Tail:
        terms_of(stream)
        if self._closed:
            raise LogClosed("the log is closed")
        self._streams.setdefault(stream, _Stored())
        return await self.tail(stream)

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        stored = self._stored(stream)
        if expected_sequence is not None and expected_sequence != len(stored.frames):
            raise FenceRefused(f"{stream} does not end at {expected_sequence}")
        if len(frame) > FRAME_BYTES_MAX:
            raise InvalidRequest.of("frame", len(frame), f"at most {FRAME_BYTES_MAX} B")
        if (stored.used_bytes + len(frame)) * 100 > self._stream_bytes_max * FULL_PCT:
            raise LogFull(f"{stream} has no room for {len(frame)} bytes")
        stored.frames.append(frame)
        stored.used_bytes += len(frame)
        stored.wake()
        return len(stored.frames)

    async def tail(self, stream: StreamId) -> Tail:
        stored = self._stored(stream)
        return Tail(
            sequence=len(stored.frames),
            first_sequence=1,
            created=stored.created,
            broker_ns=self._clock(),
            used_bytes=stored.used_bytes,
            max_bytes=self._stream_bytes_max,
        )

    async def get(self, stream: StreamId, sequence: int) -> Record | None:
        frames = self._stored(stream).frames
        if not 1 <= sequence <= len(frames):
            return None
        return Record(stream, sequence, frames[sequence - 1])

    async def follow(self, after: Cursor, receive: Callable[[Record], None]) -> None:
        stream, cursor = after.stream, after
        while True:
            stored = self._stored(stream)
            await refuse_a_fork(self, cursor)
            sequence = cursor.sequence
            while self._streams.get(stream) is stored and not self._closed:
                changed = stored.changed
                end = min(len(stored.frames), sequence + DELIVERED_AT_ONCE_MAX)
                while sequence < end:
                    receive(Record(stream, sequence + 1, stored.frames[sequence]))
                    sequence += 1
                await (asyncio.sleep(0) if end < len(stored.frames) else changed.wait())
            if sequence:
                cursor = Cursor(stream, sequence, frame_hash(stored.frames[sequence - 1]))

    async def close(self) -> None:
        self._closed = True
        for stored in self._streams.values():
            stored.wake()

    def delete(self, stream: StreamId) -> None:
        """What an administrator could do to a broker: the stream and all its frames are gone."""
        self._streams.pop(stream).wake()

    def _stored(self, stream: StreamId) -> _Stored:
        stored = self._streams.get(stream)
        if self._closed:
            raise LogClosed("the log is closed")
        if stored is None:
            raise StreamMissing(f"{stream} is not open in this log")
        return stored
