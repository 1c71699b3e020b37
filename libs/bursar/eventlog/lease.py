"""Who should lead: a courtesy among replicas.

It fences nothing, the log's expected sequence does; without it two replicas would depose each other
again and again. It lives in memory at the broker and is gone when that restarts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bursar.eventlog.lease_bucket import Entry, LeaseBucket
from bursar.eventlog.nats_connection import NatsConnection
from bursar.eventlog.seats import Seats
from bursar.eventlog.stream import StreamId

TTL_S_ONE_BROKER = 5.0
TTL_S_CLUSTER = 15.0  # elections take 4 to 6 s, and a lease should outlast one
RENEWALS_PER_TTL = 5
# Looks at a lease before one takes it that stands nearer to another, or gives it to that.
LOOKS_BEFORE_ANOTHERS = 3

# Returns once the process at an address, which has been there, is there no longer.
Watch = Callable[[str], Awaitable[None]]


class Lease(Protocol):
    """Held by at most one replica most of the time."""

    @property
    def leader(self) -> str:
        """The address of another that held it when it was looked at last; "" when none did."""
        ...

    @property
    def led_elsewhere(self) -> asyncio.Event:
        """Set once another was seen to hold it."""
        ...

    @property
    def is_held(self) -> bool:
        """Whether it was ours when it was looked at last."""
        ...

    @property
    def contested(self) -> asyncio.Event:
        """Set, while it is held here, once another should lead or says that it does."""
        ...

    async def acquire(self) -> None:
        """Returns once the lease is held. May take for ever; cancelled when no longer wanted."""
        ...

    async def release(self) -> None:
        """Lets another have it. Safe to call when it is not held."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """How long a lease outlives its holder, and on how many brokers it is kept."""

    ttl_s: float = TTL_S_ONE_BROKER
    replicas: int = 1

    @property
    def pause_s(self) -> float:
        """Between renewals, and between looks at a lease that another holds."""
        return self.ttl_s / RENEWALS_PER_TTL


@dataclass(frozen=True, slots=True)
class Replica:
    """This process among those that may lead: where it is reached, how it sees that another is
    gone before that one's lease lapses, and who is there at all.
    """

    address: str = ""
    watch: Watch | None = None
    seats: Seats | None = None

    def is_nearest(self, stream: StreamId) -> bool:
        """Whether the stream should be led from here, so that leaders are spread."""
        return self.seats is None or self.seats.nearest(stream) in ("", self.address)


class BrokerLease:
    """A lease on one stream, in a bucket whose entries live for `ttl_s`.

    The holder is in the value and is compared before each renewal: after a restart of the broker
    revisions begin again at 1, so a revision alone could renew another's lease.
    """

    def __init__(
        self,
        connection: Callable[[], Awaitable[NatsConnection]],
        stream: StreamId,
        terms: LeaseTerms | None = None,
        replica: Replica | None = None,
    ) -> None:
        self.leader = ""
        self.is_held = False
        self.contested = asyncio.Event()
        self.led_elsewhere = asyncio.Event()
        self._stream = stream
        self._key = stream.jetstream_name
        self._terms = terms or LeaseTerms()
        self._bucket = LeaseBucket(connection, self._terms.ttl_s, self._terms.replicas)
        self._replica = replica or Replica()
        self._holder = secrets.token_hex(16)
        self._renewing: asyncio.Task[None] | None = None
        self._looks = 0  # in a row at which another stood nearer

    async def acquire(self) -> None:
        self.contested.clear()
        self._looks = 0
        watching: tuple[str, asyncio.Task[None]] | None = None
        try:
            while not await self._take():
                watching = self._watch(watching)
                await self._wait(None if watching is None else watching[1])
                if watching is not None and watching[1].done():
                    if await self._seize(watching[0]):
                        break
                    watching = None
        finally:
            if watching is not None:
                watching[1].cancel()
        self._renewing = asyncio.ensure_future(self._renew())

    async def release(self) -> None:
        if self._renewing is None:
            return
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        self._renewing, self.is_held = None, False
        found = await self._bucket.look(self._key)
        if found is not None and found.holder == self._holder:
            await self._bucket.write(self._key, Entry(revision=found.revision))

    async def _renew(self) -> None:
        """A lease that lapsed deposes nobody: the log's fence does."""
        while True:
            await asyncio.sleep(self._terms.pause_s)
            await self._take()
            self._looks = 0 if self._replica.is_nearest(self._stream) else self._looks + 1
            if not self.is_held or self._looks >= LOOKS_BEFORE_ANOTHERS:
                self.contested.set()

    async def _take(self) -> bool:
        """Whether it is ours now, by taking or by renewing it."""
        found = await self._bucket.look(self._key)
        if found is None:
            return False
        if found.holder == "" and not self._is_our_turn():
            self.leader = ""
            return False
        if found.holder in ("", self._holder) or self._was_ours(found):
            return await self._write(found.revision)
        self.leader, self.is_held = found.address, False
        self.led_elsewhere.set()
        return False

    def _was_ours(self, found: Entry) -> bool:
        """Whether a process that stood at this very address held it: it is no longer there."""
        return found.address == self._replica.address != ""

    def _is_our_turn(self) -> bool:
        """A free lease is for the nearest; another takes it when that one does not."""
        if self._renewing is not None or self._replica.is_nearest(self._stream):
            return True
        self._looks += 1
        return self._looks > LOOKS_BEFORE_ANOTHERS

    def _watch(
        self, watching: tuple[str, asyncio.Task[None]] | None
    ) -> tuple[str, asyncio.Task[None]] | None:
        """The watch on who holds it now; the same one as long as that is the same."""
        watch, address = self._replica.watch, self.leader
        if watching is not None:
            if watching[0] == address:
                return watching
            watching[1].cancel()
        if watch is None or not address:
            return None
        return address, asyncio.ensure_future(_as_coroutine(watch, address))

    async def _wait(self, watching: asyncio.Task[None] | None) -> None:
        """Until it is worth another look."""
        changed = asyncio.ensure_future(self._bucket.changed(self._key, self._terms.pause_s))
        try:
            waits = {changed} if watching is None else {changed, watching}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    async def _seize(self, gone: str) -> bool:
        """Takes it from a holder that is gone, before it lapses. Of several one succeeds."""
        found = await self._bucket.look(self._key)
        if found is None or found.address != gone:
            return False
        return await self._write(found.revision)

    async def _write(self, revision: int) -> bool:
        entry = Entry(self._holder, self._replica.address, revision)
        is_ours = await self._bucket.write(self._key, entry)
        if is_ours:
            self.leader, self.is_held = "", True
        return is_ours


async def _as_coroutine(watch: Watch, address: str) -> None:
    await watch(address)
