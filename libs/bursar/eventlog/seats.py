"""Which replicas there are, so that the leaders of many partitions are spread over them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from hashlib import sha256

from bursar.eventlog.lease_bucket import Entry, LeaseBucket
from bursar.eventlog.nats_connection import NatsConnection
from bursar.eventlog.stream import StreamId

PREFIX = "seat"


class Seats:
    """This process' seat among the replicas of one service, and all that are taken.

    Which stream is nearest to which seat follows from both names alone (rendezvous hashing): all
    replicas find the same, and where one comes or goes only its own streams move.
    """

    def __init__(
        self,
        connection: Callable[[], Awaitable[NatsConnection]],
        service: str,
        address: str,
        ttl_s: float,
        replicas: int = 1,
    ) -> None:
        self._bucket = LeaseBucket(connection, ttl_s, replicas)
        self._prefix = f"{PREFIX}.{service}"
        self._address = address
        self._pause_s = ttl_s / 5
        self._taken: tuple[str, ...] = ()

    @property
    def taken(self) -> tuple[str, ...]:
        """The addresses of all replicas, as far as is known."""
        return self._taken

    async def run(self) -> None:
        """Keeps the seat until cancelled, then gives it up by itself after its time."""
        key = f"{self._prefix}.{_token(self._address)}"
        while True:
            found = await self._bucket.look(key)
            if found is not None:
                await self._bucket.write(key, Entry(self._address, self._address, found.revision))
            keys = await self._bucket.keys(self._prefix)
            if keys is not None:
                self._taken = tuple(_address(token) for token in keys)
            await asyncio.sleep(self._pause_s)

    def nearest(self, stream: StreamId) -> str:
        """The address of the replica that should lead `stream`; "" while none is known."""
        return max(self._taken, key=lambda address: _weight(address, stream), default="")


def _weight(address: str, stream: StreamId) -> bytes:
    return sha256(f"{address} {stream}".encode()).digest()


def _token(address: str) -> str:
    """An address as a part of a subject, which dots would take apart."""
    return base64.b32encode(address.encode()).decode().rstrip("=")


def _address(token: str) -> str:
    return base64.b32decode(token + "=" * (-len(token) % 8)).decode()
