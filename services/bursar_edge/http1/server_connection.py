"""One caller's connection: requests read one after the other, each answered by its own task."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.head import head
from bursar_edge.http1.request import Fault, Headers, Request

if TYPE_CHECKING:
    from bursar_edge.http1.server import HttpServer

NEVER = float("inf")
LINGER_S = 2.0  # so long a client that still sends may read why it was refused
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ServerConnection(asyncio.Protocol):
    """Callbacks of the transport and of the parser. Past `deadline_s`, on the loop's clock, the
    server ends the connection.
    """

    _target: bytes
    _headers: Headers
    _pieces: list[bytes]
    _head_bytes: int
    _body_bytes: int
    _is_in_head: bool
    _is_cut_off: bool
    _is_oversize: bool
    _is_awaiting_word: bool
    _transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_reading = False
        self._is_paused = False
        self._is_ending = False
        self._begin_message()
        self.deadline_s = NEVER
        self.is_gone = False
        self.is_full = False

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self._expire_after(self._server.terms.request_s)
        if not self._server.admit(self):
            self._refuse(503)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_gone = True
        self._server.forget(self)
        self._release_body()
        for request in self._waiting:
            self._server.release(len(request.body))
        self._waiting.clear()
        self.resume_writing()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return  # nothing more will be answered
        was_in_head = self._is_in_head
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._refuse(400)
            return
        except HttpParserUpgrade:  # nobody offered that: the request is answered as it is
            self._is_ending = True
            return
        if was_in_head and self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._server.terms.head_bytes_max:
                self._refuse(431)

    def pause_writing(self) -> None:
        self.is_full = True
        self._expire_after(self._server.terms.stalled_s)

    def resume_writing(self) -> None:
        self.is_full = False
        if self._task is not None:
            self.deadline_s = NEVER
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # The parser

    def on_message_begin(self) -> None:
        self._begin_message()
        self._is_reading = self._is_in_head = True
        if self._task is None:
            self._expire_after(self._server.terms.request_s)

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._is_awaiting_word = True
        elif name == b"content-length":
            self._is_oversize = int(value) > self._server.terms.body_bytes_max
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if self._is_oversize:
            self._cut_off(Fault.TOO_LARGE)
        elif self._is_awaiting_word and self._task is None:
            self._transport.write(_CONTINUE)

    def on_body(self, piece: bytes) -> None:
        if self._is_cut_off:
            return
        self._pieces.append(piece)
        self._body_bytes += len(piece)
        has_room = self._server.take(len(piece))
        if self._body_bytes > self._server.terms.body_bytes_max:
            self._cut_off(Fault.TOO_LARGE)
        elif not has_room:
            self._cut_off(Fault.OVERLOADED)

    def on_message_complete(self) -> None:
        self._is_reading = False
        if self._is_cut_off:
            return
        body = b"".join(self._pieces)
        self._body_bytes = 0  # from here on they are the request's
        self._accept(self._request(body))

    # The answers

    def write(self, text: bytes) -> None:
        """Nothing when the client has left."""
        if not self.is_gone:
            self._transport.write(text)

    def is_last(self, request: Request) -> bool:
        """Whether the connection ends with the answer to this request."""
        return request.is_last or self._server.is_draining

    async def drained(self) -> None:
        """Returns when there is room to write; also when the client has left."""
        if self.is_full and not self.is_gone:
            self._room = self._loop.create_future()
            await self._room

    def abort(self) -> None:
        """Breaks the connection."""
        self._transport.abort()

    def expire(self) -> None:
        """Ends a connection past its deadline; who does not read is not waited for."""
        if self._task is not None or self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def end_when_idle(self) -> None:
        """No further request is taken."""
        if self._task is None and not self._is_reading:
            self._end()

    def cancel_answer(self) -> None:
        """The answer under way is to end now, in its own way."""
        if self._task is not None:
            self._task.cancel()

    def _begin_message(self) -> None:
        self._target = b""
        self._headers = []
        self._pieces = []
        self._head_bytes = 0
        self._body_bytes = 0
        self._is_in_head = False
        self._is_cut_off = False
        self._is_oversize = False
        self._is_awaiting_word = False

    def _request(self, body: bytes, fault: Fault | None = None) -> Request:
        parser = self._parser
        return Request(
            method=parser.get_method().decode("latin-1"),
            target=self._target,
            headers=self._headers,
            body=body,
            is_last=fault is not None or not parser.should_keep_alive(),
            is_chunking=parser.get_http_version() != "1.0",
            fault=fault,
        )

    def _cut_off(self, fault: Fault) -> None:
        """The rest of the body is not kept."""
        self._is_cut_off = True
        self._pieces = []
        self._release_body()
        self._accept(self._request(b"", fault))

    def _accept(self, request: Request) -> None:
        """Answers it now or after the ones before; a client that sends ahead is read no further."""
        if self._task is None:
            self._answer(request)
        else:
            self._waiting.append(request)
            self._is_paused = True
            self._transport.pause_reading()

    def _answer(self, request: Request) -> None:
        self.deadline_s = NEVER
        self._task = self._server.begin(Exchange(self, request))
        self._task.add_done_callback(self._unanswered)

    def answered(self, exchange: Exchange) -> None:
        """The last byte is given to the transport: what its task still does holds nobody up."""
        self._task = None
        self._server.release(len(exchange.request.body))
        if self.is_gone:
            return
        if self._is_ending or self.is_last(exchange.request) or not exchange.is_reusable:
            self._end()
        elif self._waiting:
            self._answer(self._waiting.popleft())
        else:
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
            terms = self._server.terms
            self._expire_after(terms.request_s if self._is_reading else terms.idle_s)

    def _unanswered(self, task: asyncio.Task[None]) -> None:
        """Its task ended without an end of the answer: nobody may take it for whole."""
        if self._task is task:
            self._task = None
            self.abort()

    def _refuse(self, status: int) -> None:
        """For what is no request: there is nothing that an answer could be shaped after."""
        self._is_ending = self._is_cut_off = True
        if self._task is None:
            self.write(head(status, [(b"content-length", b"0")], is_last=True))
            self._end()

    def _end(self) -> None:
        """Nothing more is said; a client that still sends gets the time to read why."""
        self._is_ending = True
        if self._is_cut_off and self._transport.can_write_eof():
            self._transport.write_eof()
            self._expire_after(LINGER_S)
        else:
            self._transport.close()
            self._expire_after(self._server.terms.stalled_s)

    def _release_body(self) -> None:
        self._server.release(self._body_bytes)
        self._body_bytes = 0

    def _expire_after(self, wait_s: float) -> None:
        self.deadline_s = self._loop.time() + wait_s
