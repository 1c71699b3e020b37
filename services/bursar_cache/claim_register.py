"""Which replica makes which answer, where there are several: entries in the broker's memory.

An entry outlives its replica by the bucket's time at most; who cannot reach that replica takes the
entry over at once. Without the broker every replica claims for itself: an answer may be made twice
then, and is never missing.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

from bursar.eventlog.lease_bucket import Entry, LeaseBucket
from bursar.eventlog.leases import Leases
from bursar_cache.flight import COMPLETE, Flight
from bursar_cache.memory import Place

BUCKET = "bursar-claims"
RENEWALS_PER_TTL = 5
TRIES = 3


class ClaimRegister:
    """The claims of one replica among those of the others."""

    def __init__(self, leases: Leases, own_address: str) -> None:
        ttl_s = leases.terms.ttl_s
        self._seats = leases.seats("cache", own_address)
        self._bucket = LeaseBucket(leases.connection, ttl_s, leases.terms.replicas, BUCKET)
        self._own_address = own_address
        self._pause_s = ttl_s / RENEWALS_PER_TTL
        self._held: dict[str, tuple[Flight, Entry]] = {}

    @property
    def is_needed(self) -> bool:
        """False only where no other replica has a seat."""
        return self._seats.taken != (self._own_address,)

    @property
    def replicas(self) -> int:
        """How many have a seat, as far as is known: one that comes is known within a second."""
        return len(self._seats.taken)

    def knows(self, address: str) -> bool:
        """Whether a replica has its seat there."""
        return address in self._seats.taken

    async def run(self) -> None:
        """Keeps the seat and what is held, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._seats.run(), name="cache seat")
            while True:
                await asyncio.sleep(self._pause_s)
                await self._renew_all()

    async def take(self, flight: Flight, gone: str = "") -> str:
        """The address of the replica that makes it already; "" where it is made here, from now
        on. An entry of the one at `gone` counts for nothing.
        """
        key = _key(flight.place)
        own = Entry(flight.token, self._own_address)
        for _ in range(TRIES):
            found = await self._bucket.look(key)
            if found is None:  # whoever meets the bucket's absence makes it
                continue
            if found.holder and found.address not in ("", gone, self._own_address):
                return found.address
            if await self._bucket.write(key, own._replace(revision=found.revision)):
                self._held[key] = (flight, own)
                return ""
        return ""

    async def release(self, flight: Flight) -> None:
        """Lets others make it. A complete answer is found here until its entry is gone."""
        held = self._held.pop(_key(flight.place), None)
        if held is not None and held[0] is flight and flight.ending != COMPLETE:
            await self._write(_key(flight.place), Entry())

    async def _renew_all(self) -> None:
        for key, (flight, entry) in list(self._held.items()):
            if flight.ending:
                await self.release(flight)
            else:
                await self._write(key, entry)

    async def _write(self, key: str, entry: Entry) -> None:
        found = await self._bucket.look(key)
        if found is not None and found.address in ("", self._own_address):
            await self._bucket.write(key, entry._replace(revision=found.revision))


def _key(place: Place) -> str:
    return sha256(place[0].encode() + b"\0" + place[1]).hexdigest()
