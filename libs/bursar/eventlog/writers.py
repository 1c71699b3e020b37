"""What the next frame of each writer of an observed stream has to continue."""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass

from bursar.eventlog.chain import refuse_a_fork
from bursar.eventlog.frame import (
    Frame,
    FrameHeader,
    FrameKind,
    broken,
    decode,
    frame_hash,
)
from bursar.eventlog.log import Cursor, EventLog, Record

WRITERS_KEPT_MAX = 4096  # the longest silent is forgotten first

_WRITER = struct.Struct(">16sQQ32sQ?")
_COUNTS = struct.Struct(">QQQ")


# Not frozen: it moves with every frame.
@dataclass(slots=True)
class WriterEnd:
    """The last frame of one writer."""

    writer_sequence: int
    next_event_number: int
    frame_hash: bytes
    written_at_ns: int
    is_closed: bool


class WriterChains:
    """The end of an observed stream as far as it was read, and of each of its writers.

    Losses are counted, not refused: nothing about money is decided here. `missing_frames` and
    `missing_events` are gaps in a writer's own counts, `unclosed_writers` those that did not say
    that they ended: alive, or killed with at most 20 ms of events.
    """

    def __init__(self, after: Cursor, state: bytes = b"") -> None:
        self.missing_frames = 0
        self.missing_events = 0
        self.duplicates = 0
        self._stream = after.stream
        self._sequence = after.sequence
        self._frame_hash = after.frame_hash
        self._ends: OrderedDict[bytes, WriterEnd] = OrderedDict()
        if state:
            self._restore(state)

    @property
    def cursor(self) -> Cursor:
        return Cursor(self._stream, self._sequence, self._frame_hash)

    @property
    def unclosed_writers(self) -> int:
        return sum(not end.is_closed for end in self._ends.values())

    def hash_of(self, writer_id: bytes) -> bytes | None:
        """Of the writer's last frame; None where it is not known."""
        end = self._ends.get(writer_id)
        return None if end is None else end.frame_hash

    async def attach(self, log: EventLog) -> None:
        """Compares the frame at the cursor. Raises LogBroken for a fork or a shorter log."""
        await refuse_a_fork(log, self.cursor)

    def accept(self, record: Record) -> Frame | None:
        """The frame, checked; None for one that came before, by its place or its writer's count.

        Raises LogBroken for a gap in the stream, a bad frame, or two frames that a writer counted
        as one.
        """
        sequence = record.sequence
        if sequence <= self._sequence:
            return None
        if sequence != self._sequence + 1:
            raise broken(self._stream, self._sequence + 1, f"missing; {sequence} came instead")
        frame = decode(record.frame, self._stream, sequence)
        own_hash = frame_hash(record.frame)
        is_new = self._continue_writer(frame.header, own_hash, sequence)
        self._sequence, self._frame_hash = sequence, own_hash
        return frame if is_new else None

    def dump(self) -> bytes:
        """What a snapshot keeps beside the cursor."""
        parts = [_COUNTS.pack(self.missing_frames, self.missing_events, self.duplicates)]
        for writer_id, end in self._ends.items():
            parts.append(
                _WRITER.pack(
                    writer_id,
                    end.writer_sequence,
                    end.next_event_number,
                    end.frame_hash,
                    end.written_at_ns,
                    end.is_closed,
                )
            )
        return b"".join(parts)

    def _restore(self, state: bytes) -> None:
        self.missing_frames, self.missing_events, self.duplicates = _COUNTS.unpack_from(state)
        for writer_id, *rest in _WRITER.iter_unpack(state[_COUNTS.size :]):
            self._ends[writer_id] = WriterEnd(*rest)

    def _continue_writer(self, header: FrameHeader, own_hash: bytes, sequence: int) -> bool:
        """Whether the frame is new; counts what is missing before it."""
        end = self._ends.get(header.writer_id)
        if end is None:
            end = WriterEnd(0, 1, bytes(32), 0, False)
            self._ends[header.writer_id] = end
            if len(self._ends) > WRITERS_KEPT_MAX:
                self._ends.popitem(last=False)
        ahead = header.writer_sequence - end.writer_sequence
        if ahead <= 0:
            if ahead == 0 and own_hash != end.frame_hash:
                raise broken(self._stream, sequence, "its writer counted two frames as one")
            self.duplicates += 1
            return False
        if ahead == 1 and header.previous_hash != end.frame_hash:
            raise broken(self._stream, sequence, "it does not continue its writer's last frame")
        if header.first_event_number < end.next_event_number:
            raise broken(self._stream, sequence, "its writer counts events twice")
        self.missing_frames += ahead - 1
        self.missing_events += header.first_event_number - end.next_event_number
        end.writer_sequence = header.writer_sequence
        end.next_event_number = header.first_event_number + header.event_count
        end.frame_hash = own_hash
        end.written_at_ns = header.written_at_ns
        end.is_closed = header.kind is FrameKind.BARRIER
        self._ends.move_to_end(header.writer_id)
        return True
