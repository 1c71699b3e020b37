"""A log whose disk keeps only what was synced: what a kill -9 cannot show, a power cut does."""

from __future__ import annotations

from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId


class PowerCutLog(MemoryLog):
    """A model of a broker. With `syncs_always` an append is acknowledged once it is synced; without
    it, as by default, it is acknowledged from the page cache, which a timer syncs now and then.
    """

    def __init__(self, *, syncs_always: bool) -> None:
        super().__init__()
        self._syncs_always = syncs_always
        self._synced: dict[StreamId, int] = {}

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        sequence = await super().append(stream, frame, expected_sequence, timeout_s)
        if self._syncs_always:
            self._synced[stream] = sequence
        return sequence

    def sync(self) -> None:
        """What the timer does."""
        for stream, stored in self._streams.items():
            self._synced[stream] = len(stored.frames)

    def cut_the_power(self) -> MemoryLog:
        """What is there when it is back: no write that was not synced."""
        left = MemoryLog()
        for stream, stored in self._streams.items():
            kept = left._streams.setdefault(stream, type(stored)())
            kept.frames = stored.frames[: self._synced.get(stream, 0)]
        return left
