"""Whether a stream is what was written: every frame, every chain, every signed head.

Whatever is found is located: the frame in which the first changed byte stands, or the frames
between two checkpoints where a whole stretch was written anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from bursar.errors import LogBroken
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.checkpoint import Head, Stretch
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import NO_HASH, Frame, FrameHeader, decode_header, frame_hash
from bursar.eventlog.log import Cursor, EventLog, Record, StreamMissing
from bursar.eventlog.stream import PARTITION_MAX, STREAMS, StreamId, StreamKind
from bursar.eventlog.writers import WriterChains

# How far the next frame of the same writer is looked for: it says which of two frames was changed.
SUCCESSOR_FRAMES_MAX = 1000

Progress = Callable[[int], None]  # so many frames more were checked


@dataclass(frozen=True, slots=True)
class Damage:
    """Frames of `stream` that are not as they were written, the first and the last of them."""

    stream: StreamId
    first_sequence: int
    last_sequence: int
    why: str

    def __str__(self) -> str:
        where = f"frame {self.first_sequence}"
        if self.last_sequence != self.first_sequence:
            where = f"frames {self.first_sequence} to {self.last_sequence}"
        return f"{self.stream}, {where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked of one stream, up to the first damage.

    signed_sequence: up to there a checkpoint stands behind it. archived_frames: gone from the
    beginning, and not checked.
    """

    stream: StreamId
    frames: int
    events: int
    signed_sequence: int
    archived_frames: int
    damage: Damage | None


async def streams_there(log: EventLog) -> list[StreamId]:
    """Every stream that the log has, whatever number of partitions it was made for."""
    found: list[StreamId] = []
    for name in STREAMS:
        for partition in range(PARTITION_MAX + 1):
            stream = StreamId(name, partition)
            try:
                await log.tail(stream)
            except StreamMissing:
                break
            found.append(stream)
    return found


async def verify_stream(
    log: EventLog, stream: StreamId, signed: Mapping[int, Head], progress: Progress
) -> Verified:
    """Reads all that the log has of `stream` now. Raises LogUnavailable."""
    tail = await log.tail(stream)
    archived_frames = tail.first_sequence - 1 if tail.sequence else 0
    walk = _Walk(await _beginning(log, stream, archived_frames), signed, tail.sequence, progress)
    damage: Damage | None = None
    try:
        if walk.cursor.sequence < tail.sequence:
            await follow_until(log, walk.cursor, walk.receive, walk.is_over)
        damage = walk.cut_off()
    except LogBroken as error:
        damage = await walk.located(log, error)
    return Verified(stream, walk.frames, walk.events, walk.signed_sequence, archived_frames, damage)


async def _beginning(log: EventLog, stream: StreamId, archived_frames: int) -> Cursor:
    """Where to begin: behind the first frame there is, once older ones were archived."""
    if not archived_frames:
        return Cursor(stream)
    record = await log.get(stream, archived_frames + 1)
    if record is None:
        return Cursor(stream)
    return Cursor(stream, record.sequence, frame_hash(record.frame))


class _Somewhere(LogBroken):
    """Something is wrong between what was signed last and here; it is not known in which frame."""


class _Walk:
    """One reading of a stream."""

    def __init__(
        self, after: Cursor, signed: Mapping[int, Head], end: int, progress: Progress
    ) -> None:
        self.cursor = after
        self.frames = 0
        self.events = 0
        self.signed_sequence = 0
        self.is_over = asyncio.Event()
        self._stream = after.stream
        self._is_whole = after.sequence == 0
        self._stretch = Stretch(Head(after))
        self._is_decided = after.stream.kind is StreamKind.DECIDED
        self._chain = DecidedChain(after) if self._is_decided else WriterChains(after)
        self._signed = signed
        self._end = end
        self._progress = progress
        self._last_of: dict[bytes, int] = {}  # a writer's last frame; of a decided stream, the last

    def receive(self, record: Record) -> None:
        """Raises LogBroken for whatever is not what was written."""
        if isinstance(self._chain, DecidedChain) and not self._is_whole and not self.frames:
            self._learn(record)
        frame = self._accept(record)
        if frame is not None:
            self.events += frame.header.event_count
            self._last_of[self._key(frame.header)] = record.sequence
        self.frames += 1
        self.cursor = self._chain.cursor
        self._progress(1)
        self._compare(record)
        if record.sequence >= self._end:
            self.is_over.set()

    def _accept(self, record: Record) -> Frame | None:
        chain = self._chain
        if isinstance(chain, DecidedChain):
            return chain.accept(record)
        missing_frames = chain.missing_frames
        frame = chain.accept(record)
        if self._is_whole and chain.missing_frames > missing_frames:
            # No writer ever leaves one out: it sends a frame until it is there.
            raise _Somewhere(
                "changed or taken out: a frame that its writer counted before the last"
            )
        return frame

    def _learn(self, record: Record) -> None:
        """After an archived beginning the first frame's own numbers are taken as they are."""
        header = decode_header(record.frame, self._stream, record.sequence)
        assert isinstance(self._chain, DecidedChain)
        self._chain.next_event_number = header.first_event_number
        self._chain.epoch = header.writer_epoch

    def _compare(self, record: Record) -> None:
        """With what was signed, where it was; the history only if all of it was read."""
        self._stretch.add(record)
        expected = self._signed.get(record.sequence)
        if expected is None:
            return
        found = self._stretch.head()
        has_history = self._is_whole and expected.history != NO_HASH
        same = expected.cursor.frame_hash == found.cursor.frame_hash
        if not same or (has_history and expected.history != found.history):
            raise _Somewhere("written anew: a checkpoint signed another history up to here")
        self.signed_sequence = record.sequence
        if expected.history != NO_HASH:
            self._stretch.begin_again(expected)

    def cut_off(self) -> Damage | None:
        """What was signed, and is no longer there."""
        last_signed = max(self._signed, default=0)
        end = self.cursor.sequence
        if last_signed <= end:
            return None
        return Damage(self._stream, end + 1, last_signed, "cut off: a checkpoint signed them")

    async def located(self, log: EventLog, error: LogBroken) -> Damage:
        """The damage that the walk ended with."""
        if isinstance(error, _Somewhere):
            first, last = self.signed_sequence + 1, self._chain.cursor.sequence
            return Damage(self._stream, first, last, error.message)
        sequence = int(error.facts.get("sequence", self.cursor.sequence + 1))
        why = error.message.removeprefix(f"{self._stream}, frame {sequence}: ")
        record = await log.get(self._stream, sequence)
        if record is None:
            return Damage(self._stream, sequence, sequence, "missing")
        first, last = await self._changed(log, record)
        if last < sequence:
            why = "changed: the frame after it continues another"
        return Damage(self._stream, first, last, why)

    async def _changed(self, log: EventLog, record: Record) -> tuple[int, int]:
        """Which frame was changed, where one does not continue the other: the next frame of the
        same writer knows what this one was. Without one it may be either.
        """
        here = record.sequence
        try:
            header = decode_header(record.frame, self._stream, here)
        except LogBroken:
            return here, here
        before = self._last_of.get(self._key(header), 0)
        if before <= self.signed_sequence or not self._is_unlinked(header, before):
            return here, here
        if self._leaves_out(header):
            return here, here
        following = await self._next_of(log, header, here)
        if following is None:
            return before, here
        if following.previous_hash == frame_hash(record.frame):
            return before, before
        return here, here

    def _is_unlinked(self, header: FrameHeader, before: int) -> bool:
        """Whether it names another frame before it than stands there."""
        if isinstance(self._chain, DecidedChain):
            return header.previous_hash != self._chain.frame_hash
        known = self._chain.hash_of(header.writer_id)
        return bool(before) and header.previous_hash != known

    def _leaves_out(self, header: FrameHeader) -> bool:
        """Whether the events before it are not those of the frame before it."""
        chain = self._chain
        return (
            isinstance(chain, DecidedChain) and header.first_event_number != chain.next_event_number
        )

    async def _next_of(
        self, log: EventLog, header: FrameHeader, sequence: int
    ) -> FrameHeader | None:
        for at in range(sequence + 1, min(self._end, sequence + SUCCESSOR_FRAMES_MAX) + 1):
            record = await log.get(self._stream, at)
            if record is None:
                return None
            with suppress(LogBroken):
                found = decode_header(record.frame, self._stream, at)
                if self._is_decided or found.writer_id == header.writer_id:
                    return found
            if self._is_decided:
                return None
        return None

    def _key(self, header: FrameHeader) -> bytes:
        return b"" if self._is_decided else header.writer_id
