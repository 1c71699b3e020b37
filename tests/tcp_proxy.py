"""A TCP proxy that a test can stop, or make lose one direction, at a point of its choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto


class Way(Enum):
    """What happens to bytes of one direction."""

    PASS = auto()
    HOLD = auto()  # kept, and sent on once the way is PASS again
    DROP = auto()


@dataclass(slots=True)
class _Direction:
    way: Way = Way.PASS
    still_passes: int = 0  # pieces, before `way` holds
    stopped: int = 0  # pieces, since `way` was set
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class TcpProxy:
    """Stands before 127.0.0.1:`port`; listens on a port of its own."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._up, self._down = _Direction(), _Direction()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def up(self, way: Way, *, after: int = 0, until_stopped: int = 0) -> None:
        """What the client sends, once `after` more pieces have passed. Returns when so many pieces
        were held or dropped.
        """
        await self._set(self._up, way, after, until_stopped)

    async def down(self, way: Way, *, after: int = 0, until_stopped: int = 0) -> None:
        """What the server answers; otherwise as `up`."""
        await self._set(self._down, way, after, until_stopped)

    def cut(self) -> None:
        """Ends all connections; what was held is sent on to the server all the same."""
        for writer in list(self._writers):
            writer.transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[TcpProxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    async def _set(self, direction: _Direction, way: Way, after: int, until_stopped: int) -> None:
        direction.way, direction.still_passes, direction.stopped = way, after, 0
        direction.wake()
        while direction.stopped < until_stopped:
            await direction.changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, server_writer, self._up))
                tasks.create_task(_pump(server_reader, writer, self._down))
        except* OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            server_writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: _Direction
) -> None:
    while piece := await reader.read(1 << 16):
        if await _may_pass(direction):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def _may_pass(direction: _Direction) -> bool:
    if direction.still_passes:
        direction.still_passes -= 1
        return True
    if direction.way is not Way.PASS:
        direction.stopped += 1
        direction.wake()
    dropped = direction.way is Way.DROP
    while direction.way is Way.HOLD:
        await direction.changed.wait()
    return not dropped
