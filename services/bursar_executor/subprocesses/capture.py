"""One output stream of a command, kept within a bound: the first half and the last half of it."""

from __future__ import annotations

import asyncio

READ_BYTES = 1 << 16
# What comes beyond the bound is read and dropped, so that a talkative command still ends by itself;
# at this many times the bound it is a flood and the command is ended.
FLOOD_FACTOR = 64


class Capture:
    """Keeps at most `limit_bytes` of a stream, however long it is."""

    def __init__(self, limit_bytes: int) -> None:
        self._half_bytes = max(1, limit_bytes // 2)
        self._flood_bytes = limit_bytes * FLOOD_FACTOR
        self._head = bytearray()
        self._tail = bytearray()
        self._seen_bytes = 0

    async def read(self, stream: asyncio.StreamReader) -> bool:
        """Read to the end of the stream; false as soon as it proves to be a flood."""
        while piece := await stream.read(READ_BYTES):
            self.add(piece)
            if self._seen_bytes > self._flood_bytes:
                return False
        return True

    def add(self, piece: bytes) -> None:
        self._seen_bytes += len(piece)
        room = self._half_bytes - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:] if room > 0 else piece
        if len(self._tail) > 2 * self._half_bytes + READ_BYTES:
            del self._tail[: -self._half_bytes]

    @property
    def cut(self) -> bool:
        return self._seen_bytes > 2 * self._half_bytes

    def content(self) -> bytes:
        """What was kept; where something was dropped, a line says how much."""
        if not self.cut:
            return bytes(self._head + self._tail)
        dropped_bytes = self._seen_bytes - 2 * self._half_bytes
        marker = f"\n[... {dropped_bytes} bytes cut ...]\n".encode()
        return bytes(self._head + marker + self._tail[-self._half_bytes :])
