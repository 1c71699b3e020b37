"""One connection to the broker, for as long as it lasts; what comes after is a new one.

It never reconnects: an append that was given up must not be sent later by its own client. Whoever
needs the broker asks for a connection again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections import deque
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from bursar.errors import LogUnavailable
from bursar.eventlog.log import LogClosed
from bursar.eventlog.nats_access import Access, Address, address_of, proof
from bursar.eventlog.nats_protocol import NatsProtocol, Sink

CONNECT_TIMEOUT_S = 2.0
PING_INTERVAL_S = 2.0
PINGS_OUTSTANDING_MAX = 2  # a broker that is frozen for 6 s counts as gone

_OPTIONS = {
    "verbose": False,
    "pedantic": False,
    "headers": True,
    "no_responders": True,
    "protocol": 1,
    "lang": "python",
    "version": "1",
}


class ConnectionLost(LogUnavailable):
    """The connection ended while an answer was awaited: it may have been done or not."""

    reason = "CONNECTION_LOST"


class AnswerLate(LogUnavailable):
    """No answer came in time: it may have been done or not."""

    reason = "ANSWER_LATE"


class Reply(NamedTuple):
    """The answer to a request. `header` is as in the protocol, empty when there is none."""

    payload: bytes
    header: bytes

    @property
    def has_no_responder(self) -> bool:
        return self.header.startswith(b"NATS/1.0 503")


class NatsConnection:
    """Requests, publishes and subscriptions on one connection. Made by `connect`."""

    def __init__(self, protocol: NatsProtocol) -> None:
        self._protocol = protocol
        self._inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._tokens = count(1)
        self._subscriptions = count(1)
        self._awaited: dict[bytes, asyncio.Future[Reply]] = {}
        self._chores = [asyncio.ensure_future(self._ping()), asyncio.ensure_future(self._bury())]
        self.subscribe(f"{self._inbox}.*", self)

    @classmethod
    async def connect(cls, access: Access, name: str) -> NatsConnection:
        """To the first server that answers. Raises LogUnavailable when none lets us in."""
        failed = "no server is named"
        for server in access.servers:
            address = address_of(server)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    return cls(await _sign_in(access, address, name))
            except (OSError, TimeoutError) as error:
                failed = f"{address.host}:{address.port}: {str(error) or type(error).__name__}"
        raise LogUnavailable(f"the broker cannot be reached: {failed}")

    @property
    def lost(self) -> asyncio.Event:
        """Set when the connection has ended, for whatever reason."""
        return self._protocol.lost

    async def request(
        self, subject: str, payload: bytes, timeout_s: float, headers: bytes = b""
    ) -> Reply:
        """The first answer. Raises ConnectionLost and AnswerLate: it may have been done or not.

        `headers` as the protocol has them, from `headers_of`.
        """
        if self.lost.is_set():
            raise LogUnavailable("the connection to the broker has ended")
        loop = asyncio.get_running_loop()
        token = b"%d" % next(self._tokens)
        future: asyncio.Future[Reply] = loop.create_future()
        self._awaited[token] = future
        timer = loop.call_later(timeout_s, self._give_up, future, timeout_s)
        try:
            self.publish(subject, payload, f"{self._inbox}.{token.decode()}", headers)
            return await future
        finally:
            timer.cancel()
            del self._awaited[token]

    def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: bytes = b""
    ) -> None:
        """Sends and forgets; on a lost connection, it forgets."""
        whole_bytes = len(headers) + len(payload)
        to = f"{subject} {reply} " if reply else f"{subject} "
        if headers:
            line = f"HPUB {to}{len(headers)} {whole_bytes}\r\n"
        else:
            line = f"PUB {to}{whole_bytes}\r\n"
        self._protocol.write(line.encode(), headers, payload, b"\r\n")

    def subscribe(self, subject: str, sink: Sink) -> bytes:
        """Gives the subject's messages to `sink`, until `unsubscribe` of what is returned."""
        sid = b"%d" % next(self._subscriptions)
        self._protocol.sinks[sid] = sink
        self._protocol.write(b"SUB %b %b\r\n" % (subject.encode(), sid))
        return sid

    def unsubscribe(self, sid: bytes) -> None:
        """Ends it at once: what is on its way is dropped."""
        del self._protocol.sinks[sid]
        self._protocol.write(b"UNSUB %b\r\n" % sid)

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None:
        """An answer to one of our requests (this is the `Sink` of the inbox)."""
        future = self._awaited.get(subject[len(self._inbox) + 1 :])
        if future is not None and not future.done():
            future.set_result(Reply(payload, header))

    def abandon(self) -> None:
        """Ends it without waiting: whoever asks for a connection next gets another."""
        self._protocol.abort()

    async def close(self) -> None:
        """Ends it at once, whatever the broker does."""
        self.abandon()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def _ping(self) -> None:
        """Ends the connection when the broker answers no more."""
        protocol = self._protocol
        while not self.lost.is_set():
            try:
                async with asyncio.timeout(PING_INTERVAL_S):
                    await self.lost.wait()
            except TimeoutError:
                if protocol.pings_outstanding >= PINGS_OUTSTANDING_MAX:
                    protocol.abort()
                protocol.pings_outstanding += 1
                protocol.write(b"PING\r\n")

    async def _bury(self) -> None:
        """When the connection has ended, all that wait for an answer hear of it."""
        await self.lost.wait()
        for future in self._awaited.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection to the broker was cut"))

    def _give_up(self, future: asyncio.Future[Reply], timeout_s: float) -> None:
        if not future.done():
            why = f"; it said: {self._protocol.last_error}" if self._protocol.last_error else ""
            future.set_exception(AnswerLate(f"the broker did not answer in {timeout_s} s{why}"))


def headers_of(**fields: str) -> bytes:
    """Headers as the protocol has them; underscores become hyphens."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


async def _sign_in(access: Access, address: Address, name: str) -> NatsProtocol:
    """Raises OSError when the server does not let us in."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(NatsProtocol, address.host, address.port)
    is_in = False
    try:
        info = await protocol.info
        if address.wants_tls or access.tls is not None or info.get("tls_required"):
            await _secure(protocol, access, address)
        options = {**_OPTIONS, "name": name, **proof(access, address, info.get("nonce", ""))}
        protocol.write(b"CONNECT ", json.dumps(options).encode(), b"\r\nPING\r\n")
        await protocol.pong.wait()
        if protocol.lost.is_set():
            raise ConnectionRefusedError(protocol.last_error or "the server hung up")
        is_in = True
    finally:
        if not is_in:
            protocol.abort()
    return protocol


async def _secure(protocol: NatsProtocol, access: Access, address: Address) -> None:
    assert protocol.transport is not None
    protocol.transport = await asyncio.get_running_loop().start_tls(
        protocol.transport,
        protocol,
        access.tls or ssl.create_default_context(),
        server_hostname=address.host,
    )


class Connector:
    """The one live connection for a purpose: made when asked for, made anew when it was lost."""

    def __init__(self, access: Access, name: str) -> None:
        self._access = access
        self._servers = deque(access.servers)
        self._name = name
        self._connecting = asyncio.Lock()
        self._connection: NatsConnection | None = None
        self._closed = False

    async def live(self) -> NatsConnection:
        """Raises LogUnavailable when none can be made now, LogClosed after `close`."""
        known = self._connection
        if known is not None and not known.lost.is_set() and not self._closed:
            return known
        async with self._connecting:
            if self._closed:
                raise LogClosed("the log is closed")
            known = self._connection
            if known is not None:
                if not known.lost.is_set():
                    return known  # another task has just made it
                await known.close()
                self._servers.rotate(-1)  # the one that went away is asked last
            access = replace(self._access, servers=tuple(self._servers))
            self._connection = await NatsConnection.connect(access, self._name)
            return self._connection

    async def close(self) -> None:
        self._closed = True
        async with self._connecting:
            if self._connection is not None:
                await self._connection.close()
