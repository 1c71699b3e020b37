"""A TCP proxy that a test can slow, stop, or make lose one direction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto


class Way(Enum):
    """What happens to bytes of one direction."""

    PASS = auto()
    HOLD = auto()  # kept, and sent on once the way is PASS again
    DROP = auto()


class TcpProxy:
    """Stands before 127.0.0.1:`port`; listens on a port of its own."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._ways = {"up": Way.PASS, "down": Way.PASS}
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def up(self, way: Way) -> None:
        """What the client sends."""
        self._set("up", way)

    def down(self, way: Way) -> None:
        """What the server answers."""
        self._set("down", way)

    def cut(self) -> None:
        """Ends all connections; what was held is sent on to the server all the same."""
        for writer in list(self._writers):
            writer.transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[TcpProxy]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            self.cut()

    def _set(self, direction: str, way: Way) -> None:
        self._ways[direction] = way
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, server_writer, "up"))
                tasks.create_task(self._pump(server_reader, writer, "down"))
        except* OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            server_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        while data := await reader.read(1 << 16):
            while self._ways[direction] is Way.HOLD:
                await self._changed.wait()
            if self._ways[direction] is Way.PASS:
                writer.write(data)
                await writer.drain()
        writer.close()
