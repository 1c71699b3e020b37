"""A provider's address and the connections to it."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bursar.errors import InvalidRequest
from bursar_edge.http1.client_connection import ClientConnection
from bursar_edge.http1.errors import Unreachable
from bursar_edge.http1.request import Headers

SWEEP_S = 1.0


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """How long a provider may take: to be reached, to begin its answer, and between two pieces of
    it. A connection unused for `idle_s` is closed before the provider would.
    """

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    silence_s: float = 300.0
    idle_s: float = 15.0
    idle_connections_max: int = 64


class Response:
    """A provider's answer. To be closed in any case; closing early breaks the connection, closing
    again does nothing.
    """

    __slots__ = ("_connection", "_is_closed", "headers", "status")

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._is_closed = False
        self.status = connection.status
        self.headers: Headers = connection.headers

    async def piece(self) -> bytes:
        """All that came since the last; empty at the end. Raises BrokeOff, TooSlow."""
        return await self._connection.piece()

    @property
    def is_complete(self) -> bool:
        """No more will come than was handed out or waits."""
        return self._connection.is_complete

    async def read(self, bytes_max: int) -> tuple[bytes, bool]:
        """(what came, whether that is all): stops once it is more than `bytes_max`."""
        pieces = [await self.piece()]
        size_bytes = len(pieces[0])
        while pieces[-1] and not self.is_complete and size_bytes <= bytes_max:
            pieces.append(await self.piece())
            size_bytes += len(pieces[-1])
        if self.is_complete:
            pieces.append(await self.piece())
        content = pieces[0] if len(pieces) == 2 and not pieces[1] else b"".join(pieces)
        return content, self.is_complete

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._connection.release()


class HttpClient:
    """Requests to one provider over kept connections. Never sends a request twice."""

    def __init__(self, url: str, terms: ClientTerms) -> None:
        """Raises InvalidRequest for an address that is none."""
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise InvalidRequest.of("url", url, "write http://host:port or https://host")
        self._terms = terms
        self._host = address.hostname
        self._port = address.port or (443 if address.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._base_path = address.path.rstrip("/").encode()
        self._host_line = b"host: %b\r\n" % address.netloc.rpartition("@")[2].encode()
        self._idle: deque[tuple[float, ClientConnection]] = deque()
        self._busy: set[ClientConnection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def connection(self) -> ClientConnection:
        """A kept connection, or a new one. Raises Unreachable: until here nothing is sent."""
        return self._kept() or await self._connected()

    async def send(
        self,
        connection: ClientConnection,
        request_line: tuple[str, bytes],
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
    ) -> Response:
        """Sends one request, its method and target first, and returns when its answer begins.

        Raises BrokeOff and TooSlow, after which it is not known what the provider did with it.
        """
        self._busy.add(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        method, target = request_line
        text = [b"%b %b%b HTTP/1.1\r\n" % (method.encode(), self._base_path, target)]
        text.append(self._host_line)
        text += [b"%b: %b\r\n" % field for field in headers]
        text.append(b"content-length: %d\r\n\r\n" % len(body) if body else b"\r\n")
        text.append(body)
        terms = self._terms
        connection.begin(b"".join(text), terms.first_byte_s, terms.silence_s)
        try:
            await connection.head()
        except BaseException:
            connection.abort()
            raise
        return Response(connection)

    def take_back(self, connection: ClientConnection, now_s: float) -> None:
        """A connection whose answer was read to its end, at `now_s` on the loop's clock."""
        self._busy.discard(connection)
        if len(self._idle) >= self._terms.idle_connections_max:
            connection.abort()
            return
        self._idle.append((now_s, connection))

    def forget(self, connection: ClientConnection) -> None:
        """A connection that is gone; one among the idle is dropped when it is met."""
        self._busy.discard(connection)

    def close(self) -> None:
        """Ends all connections."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in [*self._busy, *(idle for _, idle in self._idle)]:
            connection.abort()
        self._idle.clear()

    def _kept(self) -> ClientConnection | None:
        """The connection used last, so that the others can grow old."""
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    async def _connected(self) -> ClientConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._terms.connect_s):
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(self), self._host, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            reason = str(error) or f"no answer within {self._terms.connect_s:.0f} s"
            raise Unreachable(f"{self._host}:{self._port} cannot be reached: {reason}") from None
        return connection

    def _sweep(self) -> None:
        """Gives up what is past its deadline and closes what was idle for long."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in [c for c in self._busy if c.deadline_s < now_s]:
            connection.expire()
        while self._idle and self._idle[0][0] < now_s - self._terms.idle_s:
            self._idle.popleft()[1].abort()
        self._sweeping = loop.call_later(SWEEP_S, self._sweep)
