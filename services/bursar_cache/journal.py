"""What the cache tells the log, never in the way of an answer.

A caller hands over plain values; events are made of them when the event loop is free next, and
framed within 20 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from bursar.eventlog.envelope import observed_event, origin_of
from bursar.eventlog.observed import ObservedWriter
from bursar.ledger.v1 import ledger_pb2
from bursar.telemetry import context as trace_context
from bursar.telemetry.context import TraceContext


# A tuple, not a dataclass: one is made for every look-up.
class Note(NamedTuple):
    """What happened. Nothing of a caller's request is held: `attribution` is its bytes, and
    `payload` makes the event's payload with it.
    """

    kind: str
    attribution: bytes
    at_ns: int
    payload: Callable[[ledger_pb2.Attribution], bytes]
    event_id: str = ""  # a new one unless given


class Journal:
    """Hands events to the writer of the `cache` stream."""

    def __init__(self, writer: ObservedWriter) -> None:
        self._writer = writer
        self._notes: list[tuple[Note, TraceContext | None]] = []

    def note(self, note: Note) -> None:
        """Only remembers it: making the event takes longer than a hit in memory."""
        if not self._notes:
            asyncio.get_running_loop().call_soon(self.flush)
        self._notes.append((note, trace_context.current()))

    def flush(self) -> None:
        """Hands over what was noted. What the writer has no room for shows to readers as a gap."""
        notes, self._notes = self._notes, []
        for note, trace in notes:
            attribution = ledger_pb2.Attribution.FromString(note.attribution)
            origin = origin_of(attribution)
            if trace is not None:
                origin = origin._replace(trace_id=trace.trace_id, span_id=trace.span_id)
            payload = note.payload(attribution)
            self._writer.write(
                observed_event(note.kind, payload, origin, note.at_ns, note.event_id)
            )
