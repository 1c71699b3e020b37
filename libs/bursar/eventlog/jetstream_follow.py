"""An ordered push consumer that checks what nats-py's own does not: the stream's sequence.

One path for start, reconnect and recovery: compare the frame at the cursor, ask for everything
after it, and begin again there when a message, a heartbeat or the connection is missing. Source:
the protocol of push consumers (ADR-17 of nats-architecture-and-design, ordered consumer).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bursar.errors import LogUnavailable
from bursar.eventlog.chain import refuse_a_fork
from bursar.eventlog.frame import broken, frame_hash
from bursar.eventlog.jetstream_api import Refused, ask
from bursar.eventlog.log import Cursor, EventLog, LogClosed, Record
from bursar.eventlog.nats_connection import Connector, NatsConnection

NS_PER_S = 1_000_000_000

# Tokens of `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`;
# the longer form has domain and account before the stream.
_SHORT_REPLY_TOKENS = 9
_STREAM_SEQUENCE_AT = 5
_LONG_REPLY_EXTRA = 2


@dataclass(frozen=True, slots=True)
class FollowTerms:
    """How closely a stream is followed; the defaults serve."""

    heartbeat_s: float = 0.5
    silence_s: float = 1.5  # three heartbeats: then the consumer is made anew
    check_s: float = 5.0  # how often the stream is compared with the cursor
    pause_s: float = 0.1  # between tries while there is no leader or no connection
    consumer_life_s: float = 5.0  # a consumer that nobody listens to is removed after that


class _Inflow:
    """What the consumer pushes, until the follower takes it. A `Sink`."""

    def __init__(self) -> None:
        self._messages: list[tuple[bytes, bytes, bytes]] = []  # reply, payload, header
        self.arrived = asyncio.Event()
        self.count = 0

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None:
        if not self._messages:
            self.arrived.set()
        self._messages.append((reply, payload, header))

    def swap(self) -> list[tuple[bytes, bytes, bytes]]:
        """All that came since the last time."""
        messages, self._messages = self._messages, []
        self.arrived.clear()
        self.count += len(messages)
        return messages


class _Place:
    """Reads where a message stands from its reply subject.

    Nearly all stand where they are expected: after the first, `expected` gives the beginning of the
    next one's reply subject, and comparing that is a third of the price of taking it apart.
    """

    def __init__(self) -> None:
        self.expected = b"?%d.%d"  # begins no reply subject

    def read(self, reply: bytes) -> tuple[int, int]:
        """The stream's sequence, and the consumer's."""
        tokens = reply.split(b".")
        at = _STREAM_SEQUENCE_AT
        if len(tokens) != _SHORT_REPLY_TOKENS:
            at += _LONG_REPLY_EXTRA
        self.expected = b".".join(tokens[:at]).replace(b"%", b"%%") + b".%d.%d."
        return int(tokens[at]), int(tokens[at + 1])


class Follower:
    """Follows one stream from a cursor for as long as `run` runs."""

    def __init__(
        self, log: EventLog, connector: Connector, after: Cursor, terms: FollowTerms
    ) -> None:
        self._log = log
        self._connector = connector
        self._stream = after.stream
        self._terms = terms
        self._sequence = after.sequence
        self._hash_at_start = after.frame_hash
        self._last_frame: bytes | None = None
        self._created: str | None = None

    async def run(self, receive: Callable[[Record], None]) -> None:
        """See `EventLog.follow`."""
        checking = asyncio.ensure_future(self._check_regularly())
        consuming = asyncio.ensure_future(self._consume_for_ever(receive))
        try:
            await asyncio.wait((checking, consuming), return_when=asyncio.FIRST_COMPLETED)
            for ended in (consuming, checking):
                if ended.done():
                    ended.result()
        finally:
            checking.cancel()
            consuming.cancel()
            await asyncio.gather(checking, consuming, return_exceptions=True)

    async def _consume_for_ever(self, receive: Callable[[Record], None]) -> None:
        while True:
            try:
                await self._check()
                await self._consume(await self._connector.live(), receive)
            except LogClosed:
                raise
            except LogUnavailable:
                await asyncio.sleep(self._terms.pause_s)

    async def _check_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._terms.check_s)
            try:
                await self._check()
            except LogUnavailable:
                continue  # the consumer notices by itself

    async def _check(self) -> None:
        """Raises LogBroken when the stream is not the one that was read so far."""
        cursor = self._cursor()
        tail = await self._log.tail(self._stream)
        if tail.created != self._created or tail.sequence < cursor.sequence:
            await refuse_a_fork(self._log, cursor)
        if tail.first_sequence > self._sequence + 1:
            raise broken(self._stream, self._sequence + 1, "archived before it was read")
        self._created = tail.created

    def _cursor(self) -> Cursor:
        known = self._last_frame
        own_hash = self._hash_at_start if known is None else frame_hash(known)
        return Cursor(self._stream, self._sequence, own_hash)

    async def _consume(self, connection: NatsConnection, receive: Callable[[Record], None]) -> None:
        """Until something is missing: then it returns, or raises LogUnavailable."""
        inflow = _Inflow()
        inbox = f"_INBOX.{secrets.token_hex(11)}"
        sid = connection.subscribe(inbox, inflow)
        name = secrets.token_hex(8)
        watching = asyncio.ensure_future(self._watch(connection, inflow))
        try:
            await self._create_consumer(connection, name, inbox)
            await self._take_in(connection, inflow, receive, watching)
        finally:
            watching.cancel()
            connection.unsubscribe(sid)
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, connection: NatsConnection, inflow: _Inflow) -> None:
        """Ends when nothing came for three heartbeats, or the connection is lost."""
        seen = -1
        while seen != inflow.count and not connection.lost.is_set():
            seen = inflow.count
            try:
                async with asyncio.timeout(self._terms.silence_s):
                    await connection.lost.wait()
            except TimeoutError:
                continue
        inflow.arrived.set()

    async def _take_in(
        self,
        connection: NatsConnection,
        inflow: _Inflow,
        receive: Callable[[Record], None],
        watching: asyncio.Future[None],
    ) -> None:
        consumed, place = 0, _Place()
        stream, sequence = self._stream, self._sequence
        while not watching.done():
            await inflow.arrived.wait()
            for reply, payload, header in inflow.swap():
                if not payload and header:
                    if not _control(connection, reply, header, consumed):
                        return
                    continue
                consumed += 1
                found = sequence + 1
                if not reply.startswith(place.expected % (found, consumed)):
                    found, count = place.read(reply)
                    if count != consumed:
                        return  # a message was lost on the way: ask again
                    if found <= sequence:
                        continue
                    if found != sequence + 1:
                        raise broken(stream, sequence + 1, f"missing; {found} came instead")
                receive(Record(stream, found, payload))
                self._sequence = sequence = found
                self._last_frame = payload

    async def _create_consumer(self, connection: NatsConnection, name: str, inbox: str) -> None:
        config = {
            "name": name,
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._sequence + 1,
            "ack_policy": "none",
            "max_deliver": 1,
            "flow_control": True,
            "idle_heartbeat": int(self._terms.heartbeat_s * NS_PER_S),
            "inactive_threshold": int(self._terms.consumer_life_s * NS_PER_S),
            "mem_storage": True,
            "num_replicas": 1,
        }
        stream = self._stream.jetstream_name
        query = {"stream_name": stream, "config": config, "action": "create"}
        try:
            await ask(connection, f"CONSUMER.CREATE.{stream}.{name}", query)
        except Refused as refused:
            raise LogUnavailable(f"{self._stream}: no consumer: {refused}") from refused


def _control(connection: NatsConnection, reply: bytes, header: bytes, consumed: int) -> bool:
    """Answers flow control; False when the consumer is at its end or ahead of what came here."""
    if not header.startswith(b"NATS/1.0 100"):
        return False  # such as 409, consumer deleted
    if reply:  # a flow control request, answered once all before it was taken in
        connection.publish(reply.decode())
        return True
    fields = dict(line.split(b": ", 1) for line in header.split(b"\r\n") if b": " in line)
    stalled = fields.get(b"Nats-Consumer-Stalled")
    if stalled:
        connection.publish(stalled.decode())
    return int(fields.get(b"Nats-Last-Consumer", consumed)) == consumed
