"""What the cache tells the log, never in the way of an answer.

A caller hands over plain values; envelopes are made when the event loop is free next, and framed
within 20 ms of the event.
"""

from __future__ import annotations

import asyncio

from bursar.eventlog.envelope import Origin, observed_event
from bursar.eventlog.observed import ObservedWriter


class Journal:
    """Hands events to the writer of the `cache` stream."""

    def __init__(self, writer: ObservedWriter) -> None:
        self._writer = writer
        self._noted: list[tuple[str, bytes, Origin, int, str]] = []

    def note(
        self, kind: str, payload: bytes, origin: Origin, at_ns: int, event_id: str = ""
    ) -> None:
        """Takes less than a microsecond. The event gets a new id unless one is given."""
        if not self._noted:
            asyncio.get_running_loop().call_soon(self.flush)
        self._noted.append((kind, payload, origin, at_ns, event_id))

    def flush(self) -> None:
        """Hands over what was noted. What the writer has no room for shows to readers as a gap."""
        noted, self._noted = self._noted, []
        for event in noted:
            self._writer.write(observed_event(*event))
