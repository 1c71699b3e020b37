"""The frame: what one append writes. Its bytes are specified in docs/log-format.md, for ever.

A fixed header, then the events as opaque bytes, each with its salt. The frame's hash covers the
header alone; the Merkle root in the header covers the events. So one event is proved by the header
and a path, and a frame is hashed as it is stored, never encoded again.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

from bursar.errors import InvalidRequest, LogBroken
from bursar.eventlog import merkle
from bursar.eventlog.merkle import LEAF_PREFIX
from bursar.eventlog.stream import StreamId

MAGIC = b"BRSF"
VERSION = 1
EVENT_BYTES_MAX = 16 * 1024
FRAME_BYTES_MAX = 512 * 1024
FRAME_EVENTS_MAX = 256
ID_BYTES = 16
NO_HASH = bytes(merkle.HASH_BYTES)  # the previous hash of a first frame

# magic, version, kind, flags, then what `_FIELDS` reads.
_HEADER = struct.Struct(">4sBBH28sI16sQQ16sQQ32s32sI")
# stream and partition, event count, writer id, writer epoch, writer sequence, attempt id, first
# event number, written at, previous hash, root, body length.
_FIELDS = struct.Struct(">28sI16sQQ16sQQ32s32sI")
_FIELDS_AT = 8
_LENGTH = struct.Struct(">I")  # of the event, before its salt
HEADER_BYTES = _HEADER.size
ENTRY_BYTES = _LENGTH.size + merkle.SALT_BYTES  # what each event costs beyond its own bytes


class FrameKind(IntEnum):
    """What a frame is for. Only EVENTS has events that are numbered and folded."""

    EVENTS = 1
    EPOCH = 2  # a new leader's first act; empty
    BARRIER = 3  # closes an append whose answer was lost; empty
    CHECKPOINT = 4  # signed heads of all streams, as one entry


# The first 8 bytes of a frame: magic, version, kind, and flags, none of which is known yet.
_KIND_OF_START = {MAGIC + bytes([VERSION, kind, 0, 0]): kind for kind in FrameKind}
_EMPTY_KINDS = (FrameKind.EPOCH, FrameKind.BARRIER)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a writer says about the frame that it is about to encode.

    first_event_number: in a decided stream the number in the stream, from 1; in an observed one the
    writer's own count. previous_hash: of the stream's last frame, or of this writer's.
    """

    kind: FrameKind
    stream: StreamId
    writer_id: bytes  # 16 bytes, new for each writer that starts
    writer_epoch: int
    writer_sequence: int  # from 1; counts this writer's frames in the log
    attempt_id: bytes  # 16 bytes; a barrier carries that of the append it closes
    first_event_number: int
    written_at_ns: int
    previous_hash: bytes


# A tuple, not a dataclass: made once for every frame that is followed, at a third of the price.
class FrameHeader(NamedTuple):
    """A header as read. Fields as in `Heading`, and what encoding added."""

    kind: FrameKind
    stream: bytes  # `StreamId.packed`
    event_count: int
    writer_id: bytes
    writer_epoch: int
    writer_sequence: int
    attempt_id: bytes
    first_event_number: int
    written_at_ns: int
    previous_hash: bytes
    root: bytes
    body_bytes: int


_made = FrameHeader._make  # half the price of calling the class


class Frame(NamedTuple):
    """A frame as read, its events as they were given to `encode`. `salted` are the leaves of the
    tree: each the salt and the event.
    """

    header: FrameHeader
    events: list[bytes]
    salted: list[bytes]

    @property
    def salts(self) -> list[bytes]:
        return [each[: merkle.SALT_BYTES] for each in self.salted]


def encode(
    heading: Heading, events: Sequence[bytes], salts: Sequence[bytes] | None = None
) -> bytes:
    """The frame's bytes; `salts` are random unless given (16 bytes each).

    Raises InvalidRequest for an event above 16 KiB, for more than 256 events, for a frame above
    512 KiB, and for events in a kind that has none.
    """
    _refuse_what_does_not_fit(heading.kind, events)
    if salts is None:
        fresh = os.urandom(merkle.SALT_BYTES * len(events))
        salts = [fresh[at : at + merkle.SALT_BYTES] for at in range(0, len(fresh), 16)]
    leaves: list[bytes] = []
    parts: list[bytes] = []
    for salt, event in zip(salts, events, strict=True):
        salted = salt + event
        leaves.append(sha256(LEAF_PREFIX + salted).digest())
        parts += (_LENGTH.pack(len(event)), salted)
    body = b"".join(parts)
    if HEADER_BYTES + len(body) > FRAME_BYTES_MAX:
        raise InvalidRequest.of("frame", HEADER_BYTES + len(body), f"at most {FRAME_BYTES_MAX} B")
    return _pack(heading, len(events), merkle.root(leaves), len(body)) + body


def decode(frame: bytes, stream: StreamId, sequence: int) -> Frame:
    """The frame at `sequence` of `stream`, every byte of it checked.

    Raises LogBroken for a bad magic, version, flag, kind, stream, length, bound or root.
    """
    header = decode_header(frame, stream, sequence)
    salted: list[bytes] = []
    length_of = _LENGTH.unpack_from
    at, end = HEADER_BYTES, len(frame)
    while at + ENTRY_BYTES <= end:
        (length,) = length_of(frame, at)
        if length > EVENT_BYTES_MAX:
            raise broken(stream, sequence, "it holds an event above 16 KiB")
        salt_at, at = at + 4, at + ENTRY_BYTES + length
        salted.append(frame[salt_at:at])
    if at != end or len(salted) != header.event_count:
        raise broken(stream, sequence, "its body does not hold the events its header counts")
    if merkle.root([sha256(LEAF_PREFIX + each).digest() for each in salted]) != header.root:
        raise broken(stream, sequence, "its events do not give the root in its header")
    return Frame(header, [each[merkle.SALT_BYTES :] for each in salted], salted)


def decode_header(frame: bytes, stream: StreamId, sequence: int) -> FrameHeader:
    """The header alone: whose frame it is and where it stands. The events are not looked at.

    Raises LogBroken as `decode` does, but for the root.
    """
    length = len(frame)
    kind = _KIND_OF_START.get(frame[:_FIELDS_AT])
    if kind is None or length < HEADER_BYTES:
        raise broken(stream, sequence, "it does not begin as a frame of a known kind does")
    header = _made((kind, *_FIELDS.unpack_from(frame, _FIELDS_AT)))
    if header.stream != stream.packed:
        raise broken(stream, sequence, "it belongs to another stream")
    if header.body_bytes != length - HEADER_BYTES or length > FRAME_BYTES_MAX:
        raise broken(stream, sequence, "its length is not the one in its header")
    event_count = header.event_count
    if event_count and (event_count > FRAME_EVENTS_MAX or kind in _EMPTY_KINDS):
        raise broken(stream, sequence, "it counts more events than its kind may hold")
    return header


def frame_hash(frame: bytes) -> bytes:
    """SHA-256 of the header; through the root in it, of every event as well."""
    return sha256(frame[:HEADER_BYTES]).digest()


def broken(stream: StreamId, sequence: int, why: str) -> LogBroken:
    """The error for the frame at `sequence` of `stream`; `why` continues "frame N: "."""
    facts: dict[str, str | int] = {
        "stream": stream.name,
        "partition": stream.partition,
        "sequence": sequence,
    }
    return LogBroken(f"{stream}, frame {sequence}: {why}", facts=facts)


def _refuse_what_does_not_fit(kind: FrameKind, events: Sequence[bytes]) -> None:
    if len(events) > FRAME_EVENTS_MAX:
        raise InvalidRequest.of("events", len(events), f"at most {FRAME_EVENTS_MAX} in a frame")
    if events and kind in _EMPTY_KINDS:
        raise InvalidRequest.of("kind", kind.name, "a frame of this kind holds no events")
    longest = max(map(len, events), default=0)
    if longest > EVENT_BYTES_MAX:
        raise InvalidRequest.of("event", f"{longest} B", f"at most {EVENT_BYTES_MAX} B")


def _pack(heading: Heading, event_count: int, root: bytes, body_bytes: int) -> bytes:
    for name in ("writer_id", "attempt_id"):
        if len(getattr(heading, name)) != ID_BYTES:
            raise InvalidRequest.of(name, getattr(heading, name).hex(), "give 16 bytes")
    if len(heading.previous_hash) != merkle.HASH_BYTES:
        raise InvalidRequest.of("previous_hash", heading.previous_hash.hex(), "give 32 bytes")
    return _HEADER.pack(
        MAGIC,
        VERSION,
        heading.kind,
        0,
        heading.stream.packed,
        event_count,
        heading.writer_id,
        heading.writer_epoch,
        heading.writer_sequence,
        heading.attempt_id,
        heading.first_event_number,
        heading.written_at_ns,
        heading.previous_hash,
        root,
        body_bytes,
    )
