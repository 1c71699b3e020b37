"""One connection to a provider: a request out, its answer in, piece by piece."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from bursar.errors import BursarError
from bursar_edge.http1.errors import BrokeOff, TooSlow
from bursar_edge.http1.request import Headers

if TYPE_CHECKING:
    from bursar_edge.http1.client import HttpClient

NEVER = float("inf")
BUFFERED_BYTES_MAX = 256 * 1024


class ClientConnection(asyncio.Protocol):
    """Callbacks of the transport and of the parser. Past `deadline_s`, on the loop's clock, the
    client gives the exchange up.
    """

    status: int
    headers: Headers
    is_busy: bool
    is_complete: bool
    _has_head: bool
    _is_ended_by_close: bool
    _is_keeping_alive: bool
    _pieces: list[bytes]
    _buffered_bytes: int
    _silence_s: float
    _error: BursarError | None
    _transport: asyncio.Transport

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._news: asyncio.Future[None] | None = None
        self._is_paused = False
        self.deadline_s = NEVER
        self.is_lost = False
        self._begin()

    def begin(self, text: bytes, first_byte_s: float, silence_s: float) -> None:
        """Sends a request; answers are awaited with `head` and `piece`."""
        self._begin()
        self.is_busy = True
        self._silence_s = silence_s
        self.deadline_s = self._loop.time() + first_byte_s
        self._transport.write(text)

    async def head(self) -> None:
        """Returns when `status` and `headers` are there. Raises BrokeOff, TooSlow."""
        while not self._has_head:
            await self._next_news()

    async def piece(self) -> bytes:
        """All that came since the last; empty at the end. Raises BrokeOff, TooSlow."""
        while not self._pieces:
            if self.is_complete:
                return b""
            await self._next_news()
        pieces = self._pieces
        self._pieces, self._buffered_bytes = [], 0
        if self._is_paused:
            self._is_paused = False
            self.deadline_s = self._loop.time() + self._silence_s
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def release(self) -> None:
        """The answer is done with: the connection goes back, or ends where it cannot be used."""
        self.deadline_s = NEVER
        is_reusable = self.is_complete and self._is_keeping_alive and not self._is_paused
        self.is_busy = False
        if is_reusable and not self.is_lost:
            self._client.take_back(self, self._loop.time())
        else:
            self.abort()

    def abort(self) -> None:
        """Breaks the connection, which is how a provider learns to stop."""
        if not self.is_lost:
            self._transport.abort()

    def fail(self, error: BursarError) -> None:
        """Ends the exchange with `error` for whoever awaits it."""
        self._error = error
        self._tell()

    def expire(self) -> None:
        """Past its deadline."""
        waited = "more of" if self._has_head else "the beginning of"
        self.fail(TooSlow(f"waited too long for {waited} the provider's answer"))

    @property
    def is_usable(self) -> bool:
        """Whether an idle connection can still carry a request, as far as is known."""
        return not (self.is_lost or self._transport.is_closing())

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        self._client.forget(self)
        if not self.is_busy or self.is_complete:
            return
        if self._has_head and self._is_ended_by_close:
            self.is_complete = True
            self._tell()
        else:
            self.fail(BrokeOff("the provider ended the connection before its answer was whole"))

    def data_received(self, data: bytes) -> None:
        if not self.is_busy:
            self.abort()  # nobody asked
            return
        self.deadline_s = self._loop.time() + self._silence_s
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.abort()
            self.fail(BrokeOff(f"what the provider sent is no HTTP: {error}"))
            return
        if self._buffered_bytes > BUFFERED_BYTES_MAX and not self._is_paused:
            self._is_paused = True
            self.deadline_s = NEVER  # the wait is for our own reader
            self._transport.pause_reading()
        self._tell()

    # The parser

    def on_message_begin(self) -> None:
        self.headers = []
        self._is_ended_by_close = True

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._is_ended_by_close = False
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= 200  # those before are only announcements

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._buffered_bytes += len(piece)

    def on_message_complete(self) -> None:
        if self._has_head:
            self.is_complete = True
            self._is_keeping_alive = self._parser.should_keep_alive()

    def _begin(self) -> None:
        self.status = 0
        self.headers = []
        self.is_busy = False
        self.is_complete = False
        self._has_head = False
        self._is_ended_by_close = True
        self._is_keeping_alive = False
        self._pieces = []
        self._buffered_bytes = 0
        self._silence_s = 0.0
        self._error = None

    async def _next_news(self) -> None:
        if self._error is not None:
            raise self._error
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None
        if self._error is not None and not self._pieces:
            raise self._error

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
