"""A stream passing through: measured, and kept as far as it may be."""

from __future__ import annotations

from bursar.dialects.refusal import RefusalKind
from bursar_edge.call import Call
from bursar_edge.domain import final_words
from bursar_edge.http1.client import Response
from bursar_edge.http1.exchange import Exchange


class Passage:
    """One stream. `kept` is all of it, as the provider sent it, or nothing."""

    def __init__(self, call: Call, kept_bytes_max: int) -> None:
        self.call = call
        self.meter = call.dialect.stream_meter(not call.facts.is_usage_streamed)
        self.kept: list[bytes] = []
        self.unsent = b""
        self._is_kept = call.is_kept
        self._room_bytes = kept_bytes_max
        self._last = b""

    async def run(self, response: Response, exchange: Exchange) -> None:
        """Until the end. What one read brought goes out in one write; the last waits in `unsent`,
        to go with the end.

        Raises BrokeOff and TooSlow.
        """
        while piece := await response.piece():
            passed = self.meter.feed(piece)
            if self.call.share is not None:
                self.call.share.piece(piece)
            if self._is_kept:
                self._keep(piece)
            if response.is_complete:
                self.unsent = passed
                return
            if passed:
                self._last = passed
                exchange.write(passed)
            if exchange.is_full:
                await exchange.drained()

    def broken_off(self, message: str, sent: bytes = b"") -> bytes:
        """The error that ends the client's stream, after `sent` or what was sent before."""
        dialect = self.call.dialect
        event = dialect.refusal_event(RefusalKind.UNAVAILABLE, message, self.call.call_id)
        return final_words(sent or self._last, event)

    def _keep(self, piece: bytes) -> None:
        self.kept.append(piece)
        self._room_bytes -= len(piece)
        if self._room_bytes < 0:
            self._is_kept = False
            self.kept = []
