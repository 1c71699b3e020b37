"""The writer of an observed stream: any replica, no fence, and it never delays a caller.

Events are framed within 20 ms. A frame whose answer is lost is sent again as it is: readers drop
what they have seen of this writer. What the buffer could not take is counted, and shows to readers
as a gap in the writer's event numbers.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns

from bursar.errors import InvalidRequest, LogUnavailable
from bursar.eventlog.frame import (
    ENTRY_BYTES,
    EVENT_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAME_EVENTS_MAX,
    HEADER_BYTES,
    ID_BYTES,
    NO_HASH,
    FrameKind,
    Heading,
    encode,
    frame_hash,
)
from bursar.eventlog.log import EventLog, LogClosed
from bursar.eventlog.stream import StreamId


@dataclass(frozen=True, slots=True)
class ObservedTerms:
    """How an observed stream is written; the defaults serve."""

    clock: Callable[[], int] = time_ns  # nanoseconds since 1970 UTC
    frame_s: float = 0.02  # how long an event may wait to be framed
    buffer_events_max: int = 8192
    kind: FrameKind = FrameKind.EVENTS  # CHECKPOINT for who signs
    answer_s: float = 2.0
    pause_s: float = 0.1


class ObservedWriter:
    """Frames events and appends them, in order, one frame in flight."""

    def __init__(self, log: EventLog, stream: StreamId, terms: ObservedTerms | None = None) -> None:
        self.overflowed_events = 0
        self.written_events = 0  # durable
        self._log = log
        self._stream = stream
        self._terms = terms or ObservedTerms()
        self._buffer: deque[tuple[int, bytes]] = deque()  # the writer's count, the event
        self._offered_events = 0
        self._writer_id = os.urandom(ID_BYTES)
        self._frames = 0
        self._previous_hash = NO_HASH
        self._written_at_ns = 0
        self._work = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def write(self, event_bytes: bytes) -> bool:
        """Takes the event for the next frame; False when the buffer is full and it is lost.

        Raises InvalidRequest for one above 16 KiB.
        """
        if len(event_bytes) > EVENT_BYTES_MAX:
            raise InvalidRequest.of("event", f"{len(event_bytes)} B", f"at most {EVENT_BYTES_MAX}")
        self._offered_events += 1
        buffer = self._buffer
        if len(buffer) >= self._terms.buffer_events_max or self._closing:
            self.overflowed_events += 1
            return False
        buffer.append((self._offered_events, event_bytes))
        if len(buffer) >= FRAME_EVENTS_MAX:
            self._work.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(
                self._terms.frame_s, self._time_is_over
            )
        return True

    async def run(self) -> None:
        """Appends what is written, until `close`. Retries for ever while the log is away.

        Raises LogClosed when this process has closed it.
        """
        try:
            while self._buffer or not self._closing:
                await self._work.wait()
                self._work.clear()
                while self._buffer:
                    await self._append(self._terms.kind, *self._next_events())
            if self._offered_events:
                await self._append(FrameKind.BARRIER, self._offered_events + 1, [])
        finally:
            self._time_is_over()

    def close(self) -> None:
        """Lets `run` end once all that was written is durable.

        Its last frame, an empty barrier, tells readers that this writer lost nothing at its end.
        """
        self._closing = True
        self._work.set()

    def _next_events(self) -> tuple[int, list[bytes]]:
        """Events with consecutive numbers that fit one frame, and the first one's number."""
        first_number = self._buffer[0][0]
        events: list[bytes] = []
        room = FRAME_BYTES_MAX - HEADER_BYTES
        while self._buffer and len(events) < FRAME_EVENTS_MAX:
            number, event = self._buffer[0]
            room -= len(event) + ENTRY_BYTES
            if room < 0 or number != first_number + len(events):
                break
            events.append(event)
            self._buffer.popleft()
        return first_number, events

    async def _append(self, kind: FrameKind, first_number: int, events: list[bytes]) -> None:
        self._written_at_ns = max(self._terms.clock(), self._written_at_ns)
        heading = Heading(
            kind=kind,
            stream=self._stream,
            writer_id=self._writer_id,
            writer_epoch=0,
            writer_sequence=self._frames + 1,
            attempt_id=os.urandom(ID_BYTES),
            first_event_number=first_number,
            written_at_ns=self._written_at_ns,
            previous_hash=self._previous_hash,
        )
        frame = encode(heading, events)
        while True:
            try:
                await self._log.append(self._stream, frame, None, self._terms.answer_s)
                break
            except LogClosed:
                raise
            except LogUnavailable:
                await asyncio.sleep(self._terms.pause_s)
        self._frames += 1
        self._previous_hash = frame_hash(frame)
        self.written_events += len(events)

    def _time_is_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._work.set()
