"""The NATS protocol read without detours: nats-py's own parser costs 6 us a message, this one 2.

It stands in for `nats.protocol.parser.Parser` inside a nats-py client, which keeps doing what is
hard (TLS, authentication, pings) and still gets every message that no sink asked for. The figures:
`python benchmarks/eventlog.py`.
"""

from __future__ import annotations

import json
from typing import Protocol

from nats.aio.client import Client
from nats.errors import ProtocolError

_CRLF = b"\r\n"
_MESSAGES = (b"HMSG", b"MSG ")
_CONTROL_LINE_BYTES_MAX = 1 << 20  # INFO of a big cluster is the longest


class Sink(Protocol):
    """Takes the messages of one subscription, in the order they came. Must not fail or wait."""

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None: ...


class StraightParser:
    """Splits what was read into messages. A sink's are given to it, all others to the client."""

    def __init__(self, client: Client) -> None:
        self.sinks: dict[bytes, Sink] = {}  # by subscription id, as in the protocol
        self._client = client
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._wanted_bytes = 0  # nothing can be split off before so many are here

    def reset(self) -> None:
        """Forgets what was read of an unfinished message."""
        self._rest, self._rest_bytes, self._wanted_bytes = [], 0, 0

    async def parse(self, data: bytes = b"") -> None:
        """Takes what was read from the socket. Raises ProtocolError for what NATS does not say."""
        if self._rest:
            self._rest.append(data)
            self._rest_bytes += len(data)
            if self._rest_bytes < self._wanted_bytes:
                return
            data = b"".join(self._rest)
        at = await self._split(data)
        self._rest = [data[at:]] if at < len(data) else []
        self._rest_bytes = len(data) - at
        self._wanted_bytes = max(0, self._wanted_bytes - at)

    async def _split(self, data: bytes) -> int:
        """Where the first message that is not all here begins."""
        at, end, sinks, find = 0, len(data), self.sinks, data.find
        self._wanted_bytes = 0
        while at < end:
            line_end = find(_CRLF, at)
            if line_end < 0:
                if end - at > _CONTROL_LINE_BYTES_MAX:
                    raise ProtocolError("nats: a control line without an end")
                return at
            operation = data[at : at + 4]
            if operation not in _MESSAGES:
                await self._control(data[at:line_end])
                at = line_end + 2
                continue
            fields = data[at:line_end].split()
            payload_at = header_at = line_end + 2
            try:
                message_end = payload_at + int(fields[-1])
                if operation == b"HMSG":
                    payload_at += int(fields[-2])
                    del fields[-2]
                if end < message_end + 2:
                    self._wanted_bytes = message_end + 2
                    return at
                subject, sid = fields[1], fields[2]
                reply = fields[3] if len(fields) == 5 else b""
            except (ValueError, IndexError) as error:
                raise ProtocolError("nats: malformed MSG") from error
            header, payload = data[header_at:payload_at], data[payload_at:message_end]
            at = message_end + 2
            sink = sinks.get(sid)
            if sink is not None:
                sink.take(subject, reply, payload, header)
            else:
                await self._client._process_msg(int(sid), subject, reply, payload, header)
        return at

    async def _control(self, line: bytes) -> None:
        """Anything but a message."""
        word = line[:4].upper()
        client = self._client
        if word == b"PING":
            await client._process_ping()
        elif word == b"PONG":
            await client._process_pong()
        elif word == b"INFO":
            await client._process_info(json.loads(line[4:]))
        elif word == b"-ERR":
            await client._process_err(line[4:].strip().decode(errors="replace").lower())
        elif word[:3] != b"+OK":
            raise ProtocolError("nats: unknown protocol")
