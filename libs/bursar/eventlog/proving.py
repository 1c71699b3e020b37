"""Makes a proof from the log: the event, the checkpoint that signed it, and what lies between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bursar.errors import FailedPrecondition, NotFound
from bursar.eventlog import merkle
from bursar.eventlog.checkpoint import Checkpoint, Head, Stretch, opened
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import HEADER_BYTES, decode, decode_header
from bursar.eventlog.log import Cursor, EventLog, Record, StreamMissing
from bursar.eventlog.proof import Path, Proof
from bursar.eventlog.stream import StreamId


async def prove(log: EventLog, stream: StreamId, sequence: int, index: int) -> Proof:
    """The proof of an event, by its place in a frame.

    Raises NotFound for a place that there is not, FailedPrecondition while no checkpoint signed it.
    """
    record = await log.get(stream, sequence)
    if record is None:
        raise NotFound(f"{stream} has no frame {sequence}")
    frame = decode(record.frame, stream, sequence)
    if not 0 <= index < len(frame.events):
        raise NotFound(f"frame {sequence} of {stream} has no event {index}")
    leaves = [
        merkle.leaf_hash(salt, event) for salt, event in zip(frame.salts, frame.events, strict=True)
    ]
    since, signed = await _signed_over(log, stream, sequence)
    head = _head_in(opened(signed), stream)
    assert head is not None
    stretch = await _stretch(log, since, head.cursor.sequence)
    return Proof(
        stream=stream,
        sequence=sequence,
        event=frame.events[index],
        salt=frame.salts[index],
        header=record.frame[:HEADER_BYTES],
        in_frame=Path(index, len(leaves), merkle.path(leaves, index)),
        history_before=since.history,
        in_stretch=Path(sequence - since.cursor.sequence - 1, len(stretch), stretch.path(sequence)),
        checkpoint=signed,
    )


async def frame_of_event(log: EventLog, stream: StreamId, number: int) -> tuple[int, int]:
    """Where an event of a decided stream stands: the frame's sequence, and the place in it.

    Raises NotFound when the log has no event of this number.
    """
    tail = await log.tail(stream)
    low, high = tail.first_sequence, tail.sequence
    while low <= high:
        middle = (low + high) // 2
        record = await log.get(stream, middle)
        if record is None:
            break
        header = decode_header(record.frame, stream, middle)
        if number < header.first_event_number:
            high = middle - 1
        elif number >= header.first_event_number + header.event_count:
            low = middle + 1
        else:
            return middle, number - header.first_event_number
    raise NotFound(f"{stream} has no event {number}")


async def _signed_over(log: EventLog, stream: StreamId, sequence: int) -> tuple[Head, bytes]:
    """The head that was signed last before the frame, and the checkpoint that signed it first."""
    since, found = Head(Cursor(stream)), b""

    def receive(record: Record) -> None:
        nonlocal since, found
        for signed in decode(record.frame, CHECKPOINTS, record.sequence).events:
            head = _head_in(opened(signed), stream)
            if found or head is None:
                continue
            if head.cursor.sequence >= sequence:
                found = signed
            else:
                since = head

    await _read(log, Cursor(CHECKPOINTS), await _end_of(log, CHECKPOINTS), receive)
    if not found:
        raise FailedPrecondition(
            f"no checkpoint has signed frame {sequence} of {stream} yet: the notary does, 60 s"
            " after it was written"
        )
    return since, found


async def _stretch(log: EventLog, since: Head, end: int) -> Stretch:
    stretch = Stretch(since)
    await _read(log, since.cursor, end, stretch.add)
    return stretch


async def _read(log: EventLog, after: Cursor, end: int, receive: Callable[[Record], None]) -> None:
    enough = asyncio.Event()

    def take(record: Record) -> None:
        if record.sequence <= end:
            receive(record)
        if record.sequence >= end:
            enough.set()

    if after.sequence < end:
        await follow_until(log, after, take, enough)


async def _end_of(log: EventLog, stream: StreamId) -> int:
    try:
        return (await log.tail(stream)).sequence
    except StreamMissing:
        return 0


def _head_in(checkpoint: Checkpoint, stream: StreamId) -> Head | None:
    return next((head for head in checkpoint.heads if head.cursor.stream == stream), None)
