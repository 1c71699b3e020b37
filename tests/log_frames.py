"""Streams written frame by frame for tests, and what somebody could do to them."""

from __future__ import annotations

from hashlib import sha256

from bursar.eventlog.checkpoint import Checkpoint, Head, Stretch, sign
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.frame import (
    HEADER_BYTES,
    NO_HASH,
    FrameKind,
    Heading,
    decode,
    encode,
    frame_hash,
)
from bursar.eventlog.log import Cursor, Record
from bursar.eventlog.memory import MemoryLog

EVENTS_PER_FRAME = 3


def decided_frames(stream, count, events_of=lambda number: b"event %d" % number):
    """An epoch, then `count - 1` frames of events; their chain is whole."""
    frames, previous_hash, number = [], NO_HASH, 1
    for at in range(1, count + 1):
        is_epoch = at == 1
        events = [] if is_epoch else [events_of(number + n) for n in range(EVENTS_PER_FRAME)]
        heading = Heading(
            kind=FrameKind.EPOCH if is_epoch else FrameKind.EVENTS,
            stream=stream,
            writer_id=b"w" * 16,
            writer_epoch=1,
            writer_sequence=at,
            attempt_id=at.to_bytes(16, "big"),
            first_event_number=number,
            written_at_ns=at * 1000,
            previous_hash=previous_hash,
        )
        salts = [bytes([at % 256, n]) * 8 for n in range(len(events))]
        frames.append(encode(heading, events, salts))
        previous_hash = frame_hash(frames[-1])
        number += len(events)
    return frames


def observed_frames(stream, writers, frames_each):
    """Frames of several writers by turns, each with its own chain."""
    frames, previous = [], {writer: NO_HASH for writer in range(writers)}
    for at in range(frames_each):
        for writer in range(writers):
            heading = Heading(
                kind=FrameKind.EVENTS,
                stream=stream,
                writer_id=bytes([writer + 1]) * 16,
                writer_epoch=0,
                writer_sequence=at + 1,
                attempt_id=bytes(16),
                first_event_number=at + 1,
                written_at_ns=at,
                previous_hash=previous[writer],
            )
            frames.append(encode(heading, [b"of %d" % writer], [bytes([at, writer]) * 8]))
            previous[writer] = frame_hash(frames[-1])
    return frames


async def log_of(streams):
    """A memory log with these frames by stream."""
    log = MemoryLog()
    for stream, frames in streams.items():
        await log.open(stream)
        for frame in frames:
            await log.append(stream, frame, None, 1.0)
    return log


def heads_of(stream, frames, *sequences):
    """What is signed of a stream, once after another, when it ends at these sequences."""
    stretch, heads = Stretch(Head(Cursor(stream))), []
    for at, frame in enumerate(frames, 1):
        stretch.add(Record(stream, at, frame))
        if at in sequences:
            heads.append(stretch.head())
            stretch.begin_again(heads[-1])
    return heads


def checkpoint_frames(checkpoints):
    """As a notary writes them; `checkpoints` are signed already."""
    frames = []
    for number, signed in enumerate(checkpoints, 1):
        heading = Heading(
            kind=FrameKind.CHECKPOINT,
            stream=CHECKPOINTS,
            writer_id=number.to_bytes(16, "big"),
            writer_epoch=0,
            writer_sequence=1,
            attempt_id=bytes(16),
            first_event_number=1,
            written_at_ns=number,
            previous_hash=NO_HASH,
        )
        frames.append(encode(heading, [signed]))
    return frames


def signed_chain(key, heads_by_checkpoint):
    """Checkpoints that continue each other, one for each tuple of heads."""
    signed, previous_hash = [], NO_HASH
    for number, heads in enumerate(heads_by_checkpoint, 1):
        signed.append(sign(Checkpoint(number, number * 1000, previous_hash, heads), key))
        previous_hash = sha256(signed[-1]).digest()
    return signed


def rewritten(stream, frames, at, event):
    """Frame `at` (from 1) with another event, and all later ones hashed anew: a forger's work."""
    forged, previous_hash = list(frames[: at - 1]), frame_hash(frames[at - 2])
    for sequence in range(at, len(frames) + 1):
        frame = decode(frames[sequence - 1], stream, sequence)
        events = [event, *frame.events[1:]] if sequence == at else frame.events
        header = frame.header
        heading = Heading(
            kind=header.kind,
            stream=stream,
            writer_id=header.writer_id,
            writer_epoch=header.writer_epoch,
            writer_sequence=header.writer_sequence,
            attempt_id=header.attempt_id,
            first_event_number=header.first_event_number,
            written_at_ns=header.written_at_ns,
            previous_hash=previous_hash,
        )
        forged.append(encode(heading, events, frame.salts))
        previous_hash = frame_hash(forged[-1])
    return forged


def flipped(frame, bit):
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


HEADER_BITS = HEADER_BYTES * 8
