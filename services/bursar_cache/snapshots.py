"""Snapshots of what the stream told: a start reads the newest and the stream's tail.

What the stream asked to forget has to be forgotten on disk, and synced, before a snapshot may stand
for it: the next start does not hear of it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from pathlib import Path

import msgspec

from bursar.errors import BursarError
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.snapshot import Snapshot, Snapshots
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains
from bursar_cache.disk import DiskLayer
from bursar_cache.projection import CacheTotals, Totals
from bursar_cache.semantic.domain.learning import Experience
from bursar_cache.semantic.experiences import Experiences, Name

SCHEMA_VERSION = 2
EVERY_FRAMES = 2_000
AT_THE_END_FRAMES = 100  # fewer are read faster than a snapshot is written
LOOK_S = 5.0

_ENCODER = msgspec.msgpack.Encoder()
_logger = logging.getLogger(__name__)


class _Body(msgspec.Struct):
    """What a snapshot holds. Experiences stand with their tenant and namespace."""

    by_tenant: dict[str, Totals]
    experiences: list[tuple[Name, Experience]]

    @classmethod
    def of(cls, totals: CacheTotals) -> _Body:
        return cls(dict(totals.by_tenant), totals.experiences.all())

    def totals(self) -> CacheTotals:
        return CacheTotals(defaultdict(Totals, self.by_tenant), Experiences(self.experiences))


_DECODER = msgspec.msgpack.Decoder(_Body)


class TotalsSnapshots:
    """Those of one replica, beside its disk layer."""

    def __init__(self, directory: Path, stream: StreamId, disk: DiskLayer | None) -> None:
        self._stream = stream
        self._snapshots = Snapshots(directory, stream, SCHEMA_VERSION)
        self._disk = disk
        self._sequence = 0  # of the newest

    async def newest(self, log: EventLog) -> tuple[CacheTotals, WriterChains]:
        """What to begin with; empty for a replay of the whole stream."""
        snapshot = await self._snapshots.newest(log)
        if snapshot is not None:
            try:
                totals = _DECODER.decode(snapshot.body).totals()
            except msgspec.DecodeError as error:
                _logger.warning("a snapshot cannot be used, all is replayed: %s", error)
            else:
                self._sequence = snapshot.cursor.sequence
                return totals, WriterChains(snapshot.cursor, snapshot.chain)
        return CacheTotals(), WriterChains(Cursor(self._stream))

    async def keep(self, totals: CacheTotals, writers: WriterChains) -> None:
        """Writes one whenever it is time, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.write(totals, writers, EVERY_FRAMES)

    async def write(self, totals: CacheTotals, writers: WriterChains, least_frames: int) -> None:
        """One snapshot, where at least so many frames are new. A disk that refuses stops
        nothing.
        """
        cursor = writers.cursor
        if cursor.sequence - self._sequence < least_frames:
            return
        snapshot = Snapshot(cursor, _ENCODER.encode(_Body.of(totals)), writers.dump())
        try:
            if self._disk is not None and not await self._disk.synced():
                return
            await asyncio.to_thread(self._snapshots.write, snapshot)
            self._sequence = cursor.sequence
        except BursarError as error:
            _logger.warning("no snapshot was written: %s", error.message)
