"""What the cache tells the log, never in the way of an answer.

A caller hands over payloads; envelopes are made when the event loop is free next, and framed within
20 ms.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from bursar.eventlog.envelope import Origin, observed_event, origin_of
from bursar.eventlog.observed import ObservedWriter
from bursar.ledger.v1 import ledger_pb2
from bursar.telemetry import context as trace_context


# A tuple, not a dataclass: one is made for every look-up.
class Note(NamedTuple):
    """What happened, for whom, and when."""

    kind: str
    payload: bytes
    origin: Origin
    at_ns: int
    event_id: str = ""  # a new one unless given


class Journal:
    """Hands events to the writer of the `cache` stream."""

    def __init__(self, writer: ObservedWriter) -> None:
        self._writer = writer
        self._notes: list[Note] = []

    def note(self, note: Note) -> None:
        """Only remembers it: making the event takes longer than a hit in memory."""
        if not self._notes:
            asyncio.get_running_loop().call_soon(self.flush)
        self._notes.append(note)

    def flush(self) -> None:
        """Hands over what was noted. What the writer has no room for shows to readers as a gap."""
        notes, self._notes = self._notes, []
        write = self._writer.write
        for note in notes:
            write(observed_event(*note))


def asked_by(attribution: ledger_pb2.Attribution) -> Origin:
    """The origin of a request under way, in its trace."""
    trace = trace_context.current()
    if trace is None:
        return origin_of(attribution)
    return origin_of(attribution, trace.trace_id, trace.span_id)
