"""Snapshots of money's state: a start reads the newest and the log's tail instead of all of it.

They are a cache: without them, or with damaged ones, the same state comes from a full replay.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from msgspec import DecodeError

from bursar.errors import BursarError
from bursar.eventlog.decided import DecidedWriter
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.snapshot import Snapshot, Snapshots
from bursar.eventlog.stream import StreamId
from bursar_quota.archive import Archive
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Command
from bursar_quota.domain.events import Event
from bursar_quota.domain.state import State
from bursar_quota.dump import DUMP_VERSION, dump, load
from bursar_quota.wire import USAGE

LOOK_S = 5.0
AT_THE_END_PART = 50  # of the usual distance: then a snapshot at the end saves the next start time

QuotaWriter = DecidedWriter[State, Command, Event, Answer]

_logger = logging.getLogger(__name__)


class StateSnapshots:
    """In `directory`; one is written when `every_events` more events are in the state."""

    def __init__(self, directory: Path, every_events: int, stream: StreamId = USAGE) -> None:
        self._stream = stream
        self._snapshots = Snapshots(directory, stream, DUMP_VERSION)
        self.archive = Archive(directory / f"{stream.name}-{stream.partition:02d}-old")
        self._every_events = every_events
        self._event_number = 0  # of the newest

    async def newest(self, log: EventLog) -> tuple[State, Cursor]:
        """The state to begin with, and where to read on; an empty one for a full replay."""
        snapshot = await self._snapshots.newest(log)
        if snapshot is None:
            return self.archive.begin_anew(), Cursor(self._stream)
        try:
            state = load(snapshot.body, self.archive)
        except DecodeError as error:
            _logger.warning("a snapshot cannot be used, all is replayed: %s", error)
            return self.archive.begin_anew(), Cursor(self._stream)
        self._event_number = state.now.event_number
        return state, snapshot.cursor

    async def keep(self, writer: QuotaWriter) -> None:
        """Writes one whenever it is time, until cancelled. A disk that refuses stops nothing."""
        while True:
            await asyncio.sleep(LOOK_S)
            if writer.ready.is_set():
                await self.keep_old(writer)
                await self.write(writer, self._every_events)

    async def keep_old(self, writer: QuotaWriter) -> None:
        """What is no longer new goes to files; what a disk refuses stays in memory."""
        try:
            await self.archive.keep_old_beside(writer.read)
            await asyncio.to_thread(self.archive.tidy)
        except BursarError as error:
            _logger.warning("old operations stay in memory: %s", error.message)

    async def write_at_the_end(self, writer: QuotaWriter) -> None:
        """The last one, where it would save the next start some time."""
        await self.write(writer, self._every_events // AT_THE_END_PART)

    async def write(self, writer: QuotaWriter, least_events: int) -> None:
        """One snapshot, where at least so many events are new. Making its bytes stops the writer
        for a time in proportion to the state; writing them does not.
        """

        def view(state: State) -> tuple[int, Snapshot] | None:
            number = state.now.event_number
            if number - self._event_number < max(1, least_events):
                return None
            return number, Snapshot(writer.cursor, dump(state))

        try:
            made = await writer.read(view)
            if made is not None:
                await asyncio.to_thread(self._snapshots.write, made[1])
                self._event_number = made[0]
        except BursarError as error:
            _logger.warning("no snapshot was written: %s", error.message)
