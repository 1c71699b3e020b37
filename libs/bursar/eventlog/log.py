"""What every event log promises, in memory or on a broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bursar.errors import Conflict, LogUnavailable
from bursar.eventlog.frame import NO_HASH
from bursar.eventlog.stream import StreamId


# A tuple, not a dataclass: one is made for every frame that is followed.
class Record(NamedTuple):
    """A frame and its place. Sequences count from 1, without gaps."""

    stream: StreamId
    sequence: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """A stream as its leader knows it.

    `sequence` is 0 for an empty stream. `first_sequence` is above 1 once old frames were archived.
    `created` is opaque: another value means that the stream was deleted and made again.
    `broker_ns` is the broker's clock when it answered. With more than one
    replica a leader that is cut off may answer with what was true some seconds ago.
    """

    sequence: int
    first_sequence: int
    created: str
    broker_ns: int
    used_bytes: int
    max_bytes: int
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader is: the last frame it has folded, and its hash, so that a fork shows."""

    stream: StreamId
    sequence: int = 0
    frame_hash: bytes = NO_HASH


class FenceRefused(Conflict):
    """The stream does not end where the writer believed; this frame was not appended.

    With replicas, the refusal may speak of a frame that is not committed and never will be: it
    proves nothing about who leads.
    """

    reason = "FENCE_REFUSED"


class AppendUncertain(LogUnavailable):
    """No answer came: the frame may be in the log, may still arrive, or may be lost."""

    reason = "APPEND_UNCERTAIN"


class LogFull(LogUnavailable):
    """The stream has reached 95 % of its bytes; archive old frames or give it more."""

    reason = "LOG_FULL"


class StreamMissing(LogUnavailable):
    """The log has no stream of this name: nothing was ever written to it, or it was deleted."""

    reason = "STREAM_MISSING"


class LogClosed(LogUnavailable):
    """This process has closed the log: no later try will do better."""

    reason = "LOG_CLOSED"


class EventLog(Protocol):
    """Streams of frames. Safe for many tasks of one loop; every call has a deadline."""

    async def open(self, stream: StreamId) -> Tail:
        """Creates the stream, or checks that it is set up as this version needs it.

        Raises FailedPrecondition when it is not, LogUnavailable when the log cannot be reached.
        """
        ...

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        """The frame's sequence, once it is durable.

        `expected_sequence` is the fence: the sequence the stream must end with; None for no fence.
        Raises FenceRefused, AppendUncertain (it may be there), and LogUnavailable or LogFull (it
        is certainly not there).
        """
        ...

    async def tail(self, stream: StreamId) -> Tail:
        """Asks the stream's leader. May be behind by what is in flight, never ahead."""
        ...

    async def get(self, stream: StreamId, sequence: int) -> Record | None:
        """The frame, from the leader; None if there is none (purged, or beyond the end)."""
        ...

    async def follow(self, after: Cursor, receive: Callable[[Record], None]) -> None:
        """Calls `receive` with every frame after the cursor, old and new, in order, once each.

        Goes on until cancelled, through reconnects. Raises LogBroken when frames are missing, when
        the log is shorter than the cursor, or when the frame at the cursor is another one;
        LogClosed; and what `receive` raises.
        """
        ...

    async def close(self) -> None:
        """Ends connections and followers; every later call raises LogClosed. Safe to call twice."""
        ...
