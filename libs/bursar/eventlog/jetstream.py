"""The event log on NATS JetStream: a stream a partition, a message a frame.

Durable means acknowledged with file storage and `sync_interval: always`. Followers and requests
share one connection; appends have their own. Neither reconnects by itself (see nats_connection).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bursar.errors import FailedPrecondition
from bursar.eventlog.frame import FrameKind
from bursar.eventlog.jetstream_api import (
    Json,
    Refused,
    ask,
    get_frame,
    publish,
    stream_info,
    tail_of,
    unavailable,
)
from bursar.eventlog.jetstream_config import refuse_another_config, stream_config
from bursar.eventlog.jetstream_follow import Follower, FollowTerms
from bursar.eventlog.jetstream_sync import refuse_unsynced
from bursar.eventlog.log import Cursor, LogFull, Record, StreamMissing, Tail
from bursar.eventlog.nats_access import Access
from bursar.eventlog.nats_connection import Connector, NatsConnection
from bursar.eventlog.stream import StreamId

STORE_BYTES = 8 * 1024**3
FULL_PCT = 95  # frames stop there, so that barriers and epochs always fit
MESSAGE_OVERHEAD_BYTES = 160  # subject, headers and the store's own record of a message
USE_KNOWN_APPENDS_MAX = 1024  # then the leader is asked again: others may append too

CREATING_TRIES = 10
CREATING_PAUSE_S = 0.1

_KIND_AT = 5  # in a frame


@dataclass(frozen=True, slots=True)
class JetStreamTerms:
    """How streams are set up where they do not exist yet, and how they are followed.

    `partitions` by stream name, 1 where not named; another count than at the first start is
    refused. `inspector` may ask the server whether it syncs every write; None where that was made
    sure otherwise.
    """

    store_bytes: int = STORE_BYTES
    replicas: int = 1
    partitions: Mapping[str, int] = field(default_factory=dict)
    inspector: Access | None = None
    following: FollowTerms = field(default_factory=FollowTerms)


@dataclass(slots=True)
class _Use:
    """How full a stream is, as the leader said and as appended since."""

    used_bytes: int
    max_bytes: int
    appends: int = 0

    @property
    def is_full(self) -> bool:
        return self.used_bytes * 100 > self.max_bytes * FULL_PCT


class JetStreamLog:
    """An `EventLog` on a broker."""

    def __init__(self, access: Access, terms: JetStreamTerms | None = None) -> None:
        self._terms = terms or JetStreamTerms()
        self._reading = Connector(access, "bursar-log-reader")
        self._writing = Connector(access, "bursar-log-writer")
        self._use: dict[StreamId, _Use] = {}
        self._synced = self._terms.inspector is None

    async def open(self, stream: StreamId) -> Tail:
        """Creates the stream, or compares its configuration. Raises FailedPrecondition."""
        await self._refuse_unsynced()
        partitions = self._terms.partitions.get(stream.name, 1)
        if stream.partition >= partitions:
            raise FailedPrecondition(f"{stream}: there are {partitions} partitions")
        connection = await self._reading.live()
        info = await stream_info(connection, stream)
        if info is None:
            terms = self._terms
            config = stream_config(stream, partitions, terms.store_bytes, terms.replicas)
            try:
                info = await ask(connection, f"STREAM.CREATE.{stream.jetstream_name}", config)
            except Refused as refused:
                info = await self._made_by_another(connection, stream)
                if info is None:
                    raise unavailable(stream, refused) from refused
        refuse_another_config(stream, partitions, info["config"])
        return self._note(stream, tail_of(info))

    async def _made_by_another(self, connection: NatsConnection, stream: StreamId) -> Json | None:
        """The stream that another creates at this moment: until that is done the server counts its
        bytes twice, and refuses ours for want of storage.
        """
        for _ in range(CREATING_TRIES):
            await asyncio.sleep(CREATING_PAUSE_S)
            info = await stream_info(connection, stream)
            if info is not None:
                return info
        return None

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        if frame[_KIND_AT] == FrameKind.EVENTS:
            await self._refuse_full(stream, len(frame))
        connection = await self._writing.live()
        return await publish(connection, stream, frame, expected_sequence, timeout_s)

    async def tail(self, stream: StreamId) -> Tail:
        info = await stream_info(await self._reading.live(), stream)
        if info is None:
            raise StreamMissing(f"{stream} does not exist")
        return self._note(stream, tail_of(info))

    async def get(self, stream: StreamId, sequence: int) -> Record | None:
        return await get_frame(await self._reading.live(), stream, sequence)

    async def follow(self, after: Cursor, receive: Callable[[Record], None]) -> None:
        await Follower(self, self._reading, after, self._terms.following).run(receive)

    async def close(self) -> None:
        await self._writing.close()
        await self._reading.close()

    async def connection(self) -> NatsConnection:
        """The connection for reading, for what else is kept on the same broker."""
        return await self._reading.live()

    def _note(self, stream: StreamId, tail: Tail) -> Tail:
        self._use[stream] = _Use(tail.used_bytes, tail.max_bytes)
        return tail

    async def _refuse_full(self, stream: StreamId, frame_bytes: int) -> None:
        use = self._use.get(stream)
        if use is None or use.is_full or use.appends >= USE_KNOWN_APPENDS_MAX:
            await self.tail(stream)
            use = self._use[stream]
            if use.is_full:
                raise LogFull(f"{stream} has reached {FULL_PCT} % of its {use.max_bytes} bytes")
        use.used_bytes += frame_bytes + MESSAGE_OVERHEAD_BYTES
        use.appends += 1

    async def _refuse_unsynced(self) -> None:
        """Asks every server once whether it syncs every write. Raises FailedPrecondition."""
        if self._synced or self._terms.inspector is None:
            return
        inspecting = await NatsConnection.connect(self._terms.inspector, "bursar-log-inspector")
        try:
            await refuse_unsynced(inspecting)
        finally:
            await inspecting.close()
        self._synced = True
