"""One connection to the broker, for as long as it lasts; what comes after is a new one.

nats-py would reconnect by itself, and would then send what was published meanwhile: an append that
its writer has given up. So it never reconnects here, and whoever needs the broker asks for a
connection again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from bursar.errors import LogUnavailable
from bursar.eventlog.nats_parser import Sink, StraightParser
from bursar.secret import Secret

CONNECT_TIMEOUT_S = 2
PING_INTERVAL_S = 5  # nats-py's default of 120 s would not see a frozen broker
PINGS_OUTSTANDING_MAX = 2
CLOSE_TIMEOUT_S = 2.0  # over TLS a frozen node would hold the shutdown for 30 s

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a broker, and as whom."""

    servers: tuple[str, ...]  # nats://host:port or tls://host:port
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    credentials_file: Path | None = None  # a user's JWT and key
    tls: ssl.SSLContext | None = None


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

    def __init__(self, client: Client, parser: StraightParser) -> None:
        self.client = client
        self.lost = asyncio.Event()
        self._parser = parser
        self._inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._tokens = count(1)
        self._awaited: dict[bytes, asyncio.Future[Reply]] = {}

    @classmethod
    async def connect(cls, access: Access, name: str) -> NatsConnection:
        """Raises LogUnavailable when no server answers or lets us in."""
        client = Client()
        parser = StraightParser(client)
        client._ps = parser  # type: ignore[assignment]  # it offers all that the client uses
        connection = cls(client, parser)

        async def on_lost() -> None:
            connection._lose()

        async def on_error(error: Exception) -> None:
            _log.debug("%s: %s", name, error)

        try:
            await client.connect(
                servers=list(access.servers),
                name=name,
                allow_reconnect=False,
                connect_timeout=CONNECT_TIMEOUT_S,
                max_reconnect_attempts=0,
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=PINGS_OUTSTANDING_MAX,
                disconnected_cb=on_lost,
                closed_cb=on_lost,
                error_cb=on_error,
                user=access.user,
                password=_revealed(access.password),
                token=_revealed(access.token),
                user_credentials=access.credentials_file,
                tls=access.tls,
            )
            await connection.subscribe(f"{connection._inbox}.*", connection)
        except (NatsError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"the broker cannot be reached: {type(error).__name__}") from error
        return connection

    async def request(
        self, subject: str, payload: bytes, timeout_s: float, headers: dict[str, str] | None = None
    ) -> Reply:
        """The first answer. Raises ConnectionLost and AnswerLate: it may have been done or not."""
        if self.lost.is_set():
            raise LogUnavailable("the connection to the broker has ended")
        loop = asyncio.get_running_loop()
        token = b"%d" % next(self._tokens)
        future: asyncio.Future[Reply] = loop.create_future()
        self._awaited[token] = future
        timer = loop.call_later(timeout_s, _give_up, future, timeout_s)
        try:
            reply_to = f"{self._inbox}.{token.decode()}"
            await self.client.publish(subject, payload, reply=reply_to, headers=headers)
            return await future
        except (NatsError, OSError) as error:
            raise ConnectionLost(f"the request could not be sent: {error}") from error
        finally:
            timer.cancel()
            self._awaited.pop(token, None)

    async def publish(self, subject: str, payload: bytes = b"", reply: str = "") -> None:
        """Sends and forgets. Raises ConnectionLost."""
        try:
            await self.client.publish(subject, payload, reply=reply)
        except (NatsError, OSError) as error:
            raise ConnectionLost(f"nothing could be sent: {error}") from error

    async def subscribe(self, subject: str, sink: Sink) -> Subscription:
        """Gives the subject's messages to `sink`. Raises ConnectionLost."""
        try:
            subscription = await self.client.subscribe(subject)
        except (NatsError, OSError) as error:
            raise ConnectionLost(f"no subscription: {error}") from error
        self._parser.sinks[b"%d" % subscription._id] = sink
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Ends it; nothing to do on a lost connection."""
        self._parser.sinks.pop(b"%d" % subscription._id, None)
        if not self.lost.is_set():
            try:
                await subscription.unsubscribe()
            except (NatsError, OSError):
                self._lose()

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None:
        """An answer to one of our requests (this is the `Sink` of the inbox)."""
        future = self._awaited.get(subject[len(self._inbox) + 1 :])
        if future is not None and not future.done():
            future.set_result(Reply(payload, header))

    async def close(self) -> None:
        """Ends the connection, within 2 s whatever the broker does."""
        self._lose()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.client.close()
        except (NatsError, OSError, TimeoutError) as error:
            _log.debug("the connection did not end cleanly: %s", type(error).__name__)

    def _lose(self) -> None:
        self.lost.set()
        for future in self._awaited.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection to the broker was cut"))


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal_text()


def _give_up(future: asyncio.Future[Reply], timeout_s: float) -> None:
    if not future.done():
        future.set_exception(AnswerLate(f"the broker did not answer in {timeout_s} s"))


class Connector:
    """The one live connection for a purpose: made when asked for, made anew when it was lost."""

    def __init__(self, access: Access, name: str) -> None:
        self._access = access
        self._name = name
        self._connecting = asyncio.Lock()
        self._connection: NatsConnection | None = None
        self._closed = False

    async def live(self) -> NatsConnection:
        """Raises LogUnavailable when there is none and none can be made now."""
        async with self._connecting:
            if self._closed:
                raise LogUnavailable("the log is closed")
            if self._connection is not None:
                if not self._connection.lost.is_set():
                    return self._connection
                await self._connection.close()
                self._connection = None
            self._connection = await NatsConnection.connect(self._access, self._name)
            return self._connection

    async def close(self) -> None:
        self._closed = True
        async with self._connecting:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None
