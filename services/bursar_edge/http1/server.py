"""Listens, bounds what callers may hold, and ends their calls in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.server_connection import ServerConnection

SWEEP_S = 1.0
CANCELLED_ANSWER_S = 2.0  # for the last words of an answer that was told to end
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerTerms:
    """What a caller may take. `request_s` is for sending a request, `idle_s` between two,
    `stalled_s` for not reading an answer.
    """

    connections_max: int = 4096
    head_bytes_max: int = 64 * 1024
    body_bytes_max: int = 32 * 1024 * 1024
    bodies_bytes_max: int = 512 * 1024 * 1024
    request_s: float = 60.0
    idle_s: float = 75.0
    stalled_s: float = 120.0


class HttpServer:
    """An HTTP/1.1 server that gives each request to `handle`."""

    def __init__(self, handle: Callable[[Exchange], Awaitable[None]], terms: ServerTerms) -> None:
        self.terms = terms
        self.is_draining = False
        self._handle = handle
        self._connections: set[ServerConnection] = set()
        self._bodies_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int) -> int:
        """Accepts connections; the port, which the system chose when given 0."""
        loop = self._loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: ServerConnection(self), host, port)
        self._sweeping = loop.call_later(SWEEP_S, self._sweep)
        return int(self._listener.sockets[0].getsockname()[1])

    async def drain(self, grace_s: float) -> None:
        """Takes nothing new; answers under way get `grace_s`, then are told to end."""
        self.is_draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.end_when_idle()
        if await self._quiet_within(grace_s):
            return
        for connection in list(self._connections):
            connection.cancel_answer()
        await self._quiet_within(CANCELLED_ANSWER_S)

    def close(self) -> None:
        """Whatever still stands is broken off."""
        if self._listener is not None:
            self._listener.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self._connections):
            connection.abort()

    def begin(self, exchange: Exchange) -> asyncio.Task[None]:
        """The one task of a request."""
        task = self._loop.create_task(self._answer(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answer(self, exchange: Exchange) -> None:
        """An error that nobody foresaw ends here, in the log."""
        try:
            await self._handle(exchange)
        except Exception:
            _logger.exception("a defect in answering %s", exchange.request.path)
            if not exchange.is_started:
                exchange.reply(500, [], b"")

    def admit(self, connection: ServerConnection) -> bool:
        """False when there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= self.terms.connections_max

    def forget(self, connection: ServerConnection) -> None:
        self._connections.discard(connection)

    def take(self, size_bytes: int) -> bool:
        """Room for so much of a body; False when all bodies together hold too much."""
        self._bodies_bytes += size_bytes
        return self._bodies_bytes <= self.terms.bodies_bytes_max

    def release(self, size_bytes: int) -> None:
        self._bodies_bytes -= size_bytes

    async def _quiet_within(self, timeout_s: float) -> bool:
        """Whether every task has ended in time."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        return not self._tasks

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in [c for c in self._connections if c.deadline_s < now_s]:
            connection.expire()
        self._sweeping = loop.call_later(SWEEP_S, self._sweep)
