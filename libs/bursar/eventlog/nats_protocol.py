"""The NATS client protocol on one socket: what the log needs of it, and nothing in between.

It costs a third of nats-py's CPU for a message, and two thirds for an append; repeat with
`python benchmarks/nats_clients.py`. Source:
https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol, cast

_CRLF = b"\r\n"
_MESSAGES = (b"HMSG", b"MSG ")
_CONTROL_LINE_BYTES_MAX = 1 << 20  # the INFO of a big cluster is the longest


class Sink(Protocol):
    """Takes the messages of one subscription, in the order they came. Must not fail or wait."""

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None: ...


class NatsProtocol(asyncio.Protocol):
    """Splits what the server sends into messages, each for its sink; answers pings.

    `info` and `pong` are the answers that signing in waits for. `lost` is set when the socket is
    gone, `last_error` is what the server complained of last.
    """

    def __init__(self) -> None:
        self.sinks: dict[bytes, Sink] = {}  # by subscription id, as in the protocol
        self.info: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.pong = asyncio.Event()
        self.lost = asyncio.Event()
        self.last_error = ""
        self.pings_outstanding = 0
        self.transport: asyncio.WriteTransport | None = None
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._wanted_bytes = 0  # nothing can be split off before so many are here

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # a socket's can be written to

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self.pong.set()
        if not self.info.done():
            self.info.set_exception(ConnectionRefusedError("the server hung up"))
            self.info.exception()  # asyncio need not report it where nobody waits

    def data_received(self, data: bytes) -> None:
        if self._rest:
            self._rest.append(data)
            self._rest_bytes += len(data)
            if self._rest_bytes < self._wanted_bytes:
                return  # a big message comes in many pieces: they are joined once
            data = b"".join(self._rest)
        try:
            at = self._split(data)
        except ValueError as error:
            self.last_error = f"not the NATS protocol: {error}"
            self.abort()
            return
        self._rest = [data[at:]] if at < len(data) else []
        self._rest_bytes = len(data) - at
        self._wanted_bytes -= at

    def write(self, *parts: bytes) -> None:
        """Sends the parts as one. Nothing happens on a lost connection."""
        if self.transport is not None and not self.lost.is_set():
            self.transport.write(b"".join(parts))

    def abort(self) -> None:
        """Ends the connection without waiting for the server."""
        self.lost.set()
        if self.transport is not None:
            self.transport.abort()

    def _split(self, data: bytes) -> int:
        """Where the first message that is not all here begins. Raises ValueError."""
        at, end, sinks, find = 0, len(data), self.sinks, data.find
        self._wanted_bytes = 0
        while at < end:
            line_end = find(_CRLF, at)
            if line_end < 0:
                if end - at > _CONTROL_LINE_BYTES_MAX:
                    raise ValueError("a control line without an end")
                return at
            if data[at : at + 4] not in _MESSAGES:
                self._control(data[at:line_end])
                at = line_end + 2
                continue
            # MSG subject sid [reply] bytes; HMSG subject sid [reply] header-bytes bytes
            fields = data[at:line_end].split()
            payload_at = header_at = line_end + 2
            message_end = header_at + int(fields[-1])
            if end < message_end + 2:
                self._wanted_bytes = message_end + 2
                return at
            if data[at] == _H:
                payload_at += int(fields[-2])
                del fields[-2]
            sink = sinks.get(fields[2])
            if sink is not None:
                sink.take(
                    fields[1],
                    fields[3] if len(fields) == 5 else b"",
                    data[payload_at:message_end],
                    data[header_at:payload_at],
                )
            at = message_end + 2
        return at

    def _control(self, line: bytes) -> None:
        """Anything but a message."""
        word = line[:4].upper()
        if word == b"PING":
            self.write(b"PONG\r\n")
        elif word == b"PONG":
            self.pings_outstanding = 0
            self.pong.set()
        elif word == b"INFO":
            if not self.info.done():
                self.info.set_result(json.loads(line[4:]))
        elif word == b"-ERR":
            self.last_error = line[4:].strip(b" '").decode(errors="replace")
        elif word[:3] != b"+OK":
            raise ValueError(f"{line[:40]!r}")


_H = ord("H")
