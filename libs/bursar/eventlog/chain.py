"""What the next frame of a decided stream has to continue: number, hash, event number, epoch."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from bursar.eventlog.frame import (
    HEADER_BYTES,
    Frame,
    FrameHeader,
    FrameKind,
    broken,
    decode,
    decode_header,
    frame_hash,
)
from bursar.eventlog.log import Cursor, EventLog, Record

# A partitioned leader was seen to answer with old state for 0.2 to 2.2 s.
STALE_LEADER_TRIES = 10
STALE_LEADER_PAUSE_S = 0.5


class DecidedChain:
    """The end of a decided stream as far as it was read.

    `next_event_number` counts from 1. `epoch` is the leader's, 0 before the first. `written_at_ns`
    is that of the last frame: the next may not be earlier.
    """

    __slots__ = ("epoch", "frame_hash", "next_event_number", "sequence", "stream", "written_at_ns")

    def __init__(self, after: Cursor) -> None:
        self.stream = after.stream
        self.sequence = after.sequence
        self.frame_hash = after.frame_hash
        self.next_event_number = 1  # this and what follows: until `attach` has read them
        self.epoch = 0
        self.written_at_ns = 0

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.stream, self.sequence, self.frame_hash)

    def accept(self, record: Record) -> Frame | None:
        """The frame, wholly checked, as the chain's new end; None for one that came before.

        Raises LogBroken for a gap, a fork, a bad hash, number, epoch or time.
        """
        if record.sequence <= self.sequence:
            return None  # delivered twice
        frame = decode(record.frame, self.stream, record.sequence)
        self._extend(frame.header, record)
        return frame

    def accept_header(self, record: Record) -> FrameHeader | None:
        """As `accept`, but the events are not looked at: for who needs the chain alone."""
        if record.sequence <= self.sequence:
            return None
        header = decode_header(record.frame, self.stream, record.sequence)
        self._extend(header, record)
        return header

    async def attach(self, log: EventLog) -> None:
        """Reads the frame at the cursor and compares its hash; learns its epoch and numbers.

        Raises LogBroken when the log is shorter, when another frame stands there (a fork), and
        when it was archived, so that the next one could not be checked against it.
        """
        frame = await refuse_a_fork(log, self.cursor)
        if frame is not None:
            self.advance(self.sequence, frame)

    def advance(self, sequence: int, frame: bytes) -> None:
        """The writer's own frame was acknowledged at `sequence`; it need not be checked again."""
        self._move(sequence, frame, decode_header(frame, self.stream, sequence))

    def _extend(self, header: FrameHeader, record: Record) -> None:
        sequence = record.sequence
        if sequence != self.sequence + 1:
            raise broken(self.stream, self.sequence + 1, f"missing; {sequence} came instead")
        if header.previous_hash != self.frame_hash:
            raise broken(self.stream, sequence, "it does not continue the frame before it")
        if header.first_event_number != self.next_event_number:
            raise broken(self.stream, sequence, f"events {self.next_event_number} on are missing")
        if header.writer_epoch != self.epoch + (header.kind is FrameKind.EPOCH):
            raise broken(self.stream, sequence, f"epoch {header.writer_epoch} after {self.epoch}")
        if header.written_at_ns < self.written_at_ns:
            raise broken(self.stream, sequence, "it was written before the frame before it")
        self._move(sequence, record.frame, header)

    def _move(self, sequence: int, frame: bytes, header: FrameHeader) -> None:
        self.sequence = sequence
        self.frame_hash = sha256(frame[:HEADER_BYTES]).digest()
        self.next_event_number = header.first_event_number + header.event_count
        self.epoch = header.writer_epoch
        self.written_at_ns = header.written_at_ns


async def refuse_a_fork(log: EventLog, cursor: Cursor) -> bytes | None:
    """The frame at the cursor, as it was read once; None at the start of a stream.

    Raises LogBroken when the log is shorter or another frame stands there (a fork), and when it
    was archived, so that the next one could not be checked against it.
    """
    stream, sequence = cursor.stream, cursor.sequence
    if sequence == 0:
        return None
    record = await log.get(stream, sequence)
    for _ in range(STALE_LEADER_TRIES):
        if record is not None or (await log.tail(stream)).replicas == 1:
            break
        # A leader that is cut off may not have the frame and still answer, for some seconds.
        await asyncio.sleep(STALE_LEADER_PAUSE_S)
        record = await log.get(stream, sequence)
    if record is None:
        raise broken(stream, sequence, "the frame that was read is gone")
    if frame_hash(record.frame) != cursor.frame_hash:
        raise broken(stream, sequence, "another frame stands where one was read")
    return record.frame
