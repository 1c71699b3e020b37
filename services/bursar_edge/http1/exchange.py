"""The answer to one request, as its handler gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bursar_edge.http1.head import BODILESS, head
from bursar_edge.http1.request import Headers, Request

if TYPE_CHECKING:
    from bursar_edge.http1.server_connection import ServerConnection

_LAST_CHUNK = b"0\r\n\r\n"


class Exchange:
    """One request and its answer: a whole `reply`, or `start`, `write` and `end`.

    Writing to a client that left does nothing: `is_gone` tells. A client that leaves cancels the
    task that answers it, until the answer has ended: what the task does then is its own.
    """

    __slots__ = ("_connection", "_head", "_is_chunked", "is_ended", "is_started", "request")

    def __init__(self, connection: ServerConnection, request: Request) -> None:
        self._connection = connection
        self._head = b""
        self._is_chunked = True
        self.request = request
        self.is_started = False
        self.is_ended = False

    @property
    def is_gone(self) -> bool:
        """Nobody reads any more."""
        return self._connection.is_gone

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer, in one write."""
        self.is_started = self.is_ended = True
        fields = list(headers)
        if status not in BODILESS:
            fields.append((b"content-length", b"%d" % len(body)))
        text = head(status, fields, is_last=self._connection.is_last(self.request))
        self._connection.write(text if self.request.method == "HEAD" else text + body)
        self._connection.answered(self)

    def start(self, status: int, headers: Headers) -> None:
        """Begins a stream; its head goes out with the first piece."""
        self.is_started = True
        self._is_chunked = self.request.is_chunking
        fields = list(headers)
        if self._is_chunked:
            fields.append((b"transfer-encoding", b"chunked"))
        # Without chunks the end of the connection is the end of the answer.
        is_last = not self._is_chunked or self._connection.is_last(self.request)
        self._head = head(status, fields, is_last=is_last)

    def write(self, piece: bytes) -> None:
        """One write of what there is now."""
        if piece:
            self._connection.write(self._framed(piece))

    def end(self, piece: bytes = b"") -> None:
        """The end of the stream, with its last piece in the same write."""
        self.is_ended = True
        text = self._framed(piece) if piece else self._taken_head()
        self._connection.write(text + _LAST_CHUNK if self._is_chunked else text)
        self._connection.answered(self)

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may carry another answer after this one."""
        return self._is_chunked

    async def drained(self) -> None:
        """Returns when the client has taken so much that more may be written."""
        await self._connection.drained()

    @property
    def is_full(self) -> bool:
        """Whether `drained` should be awaited before more is written."""
        return self._connection.is_full

    def abort(self) -> None:
        """Breaks the connection, so that nobody takes what was sent for the whole."""
        self._connection.abort()

    def _framed(self, piece: bytes) -> bytes:
        text = self._taken_head()
        if not self._is_chunked:
            return text + piece
        return b"%b%x\r\n%b\r\n" % (text, len(piece), piece)

    def _taken_head(self) -> bytes:
        text, self._head = self._head, b""
        return text
