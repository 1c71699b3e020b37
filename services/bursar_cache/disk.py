"""The disk layer: reads at once, writes behind in one thread, many in a transaction.

A store is acknowledged after its transaction is committed: from then on it survives the end of the
process. A disk that is full, or a file that is broken, costs hits and never an answer: the layer
says so in the log, tries again at every store, and begins a new file in place of a broken one.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import zstandard

from bursar.errors import Overloaded, Unavailable
from bursar_cache.disk_form import ZSTD_LEVEL, Content, EntryDamaged, Row, row_of
from bursar_cache.disk_table import (
    Committed,
    TableBroken,
    TableFull,
    TableReader,
    TableWriter,
    remove_files,
)
from bursar_cache.domain import EvictionReason, Selection, Selector
from bursar_cache.memory import Eviction, Kept, Place

BATCH_OPERATIONS_MAX = 256
WAITING_BYTES_MAX = 64 * 1024 * 1024
RETRY_AFTER_NS = 100_000_000
# What a row holds besides the entry it was given: the key, times, and the entry's fields again.
ADDED_BYTES_MAX = 64 * 1024

Operation = Kept | Selection
Result = TypeVar("Result")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DiskTerms:
    """How the layer works. `free_pct_min` of the disk is left to others, the event log first."""

    directory: Path
    bytes_max: int
    entry_bytes_max: int
    free_pct_min: int
    clock: Callable[[], int]


class DiskLayer:
    """The table of one process. `evicted` is told of entries that left unasked."""

    def __init__(self, terms: DiskTerms, evicted: Callable[[Eviction], None]) -> None:
        self.damaged_entries = 0
        self._terms = terms
        self._evicted = evicted
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cache-disk")
        self._writer: TableWriter | None = None  # belongs to the thread, like the compressor
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._reader: TableReader | None = None
        self._waiting: list[tuple[Operation, asyncio.Future[int]]] = []
        self._waiting_bytes = 0
        self._work = asyncio.Event()
        self._is_broken = False
        self._is_full = False

    async def run(self) -> None:
        """Commits what is put and forgotten, until cancelled."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while self._waiting or self._is_broken:
                    if self._is_broken:
                        await self._begin_anew()
                    if self._is_broken:  # nothing is read, so nothing has to be forgotten
                        self._answer([0] * len(self._waiting))
                        break
                    await self._commit_next()
        finally:
            for _, done in self._waiting:
                if not done.done():
                    done.set_exception(Unavailable("the cache is shutting down"))
            self._waiting.clear()

    async def open(self) -> None:
        """Ready to read and write; without the disk, if it cannot be used now."""
        try:
            await self._in_thread(self._opened_writer)
        except TableFull as error:
            self._tell_full(str(error))
        except TableBroken:
            await self._begin_anew()
        self._open_reader()

    async def drain(self) -> None:
        """Returns once all that was put before is committed, or could not be."""
        if self._waiting:
            await asyncio.wait([done for _, done in self._waiting])

    async def close(self) -> None:
        """Gives the file back."""
        self._close_reader()
        await self._in_thread(self._close_writer)
        self._thread.shutdown(wait=False)

    def read(self, place: Place) -> Content | None:
        """What is at `place`, expired or not; None for nothing.

        Raises EntryDamaged; the entry is then counted and will be gone.
        """
        if self._reader is None:
            return None
        try:
            return self._reader.read(place)
        except EntryDamaged:
            self.damaged_entries += 1
            self._evicted(Eviction(place, EvictionReason.DAMAGED))
            self._submit(Selection(place[0], Selector.KEY, exact_key=place[1]))
            raise
        except TableBroken:
            self._is_broken = True
            self._close_reader()
            self._work.set()
            return None
        except TableFull:  # it cannot be read now
            return None

    async def put(self, kept: Kept) -> bool:
        """True once the entry is committed; False when the disk did not take it.

        Raises Overloaded when more waits to be written than 64 MiB.
        """
        if self._waiting_bytes + kept.size_bytes > WAITING_BYTES_MAX:
            raise Overloaded("the disk is slower than its stores", retry_after_ns=RETRY_AFTER_NS)
        self._waiting_bytes += kept.size_bytes
        return await asyncio.shield(self._submit(kept)) > 0

    async def forget(self, selection: Selection) -> int:
        """How many entries were forgotten. None of them is read again after this returns."""
        return await asyncio.shield(self._submit(selection))

    def forget_soon(self, selection: Selection, then: Callable[[], object]) -> None:
        """Like `forget`; `then` is called when it is done."""

        def forgotten(done: asyncio.Future[int]) -> None:
            if done.exception() is None:  # else the cache is shutting down
                then()

        self._submit(selection).add_done_callback(forgotten)

    async def count(self, tenant_id: str) -> tuple[int, int]:
        """Entries of a tenant and their bytes; of all for an empty one."""
        return await self._in_thread(partial(self._count, tenant_id))

    def _submit(self, operation: Operation) -> asyncio.Future[int]:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, done))
        self._work.set()
        return done

    async def _commit_next(self) -> None:
        operations = [operation for operation, _ in self._waiting[:BATCH_OPERATIONS_MAX]]
        now_ns = self._terms.clock()
        if self._reader is not None:
            self._reader.let_go()
        try:
            committed = await self._in_thread(partial(self._commit, operations, now_ns))
        except (TableFull, TableBroken):
            # The file is broken, or what should be forgotten could not be: then all of it goes.
            self._is_broken = True
            self._close_reader()
            return
        self._hold_reader()
        self._answer(committed.entries)
        for eviction in committed.evicted:
            self._evicted(eviction)

    def _answer(self, entries: list[int]) -> None:
        """To the first of those that wait."""
        batch, self._waiting = self._waiting[: len(entries)], self._waiting[len(entries) :]
        for (operation, done), count in zip(batch, entries, strict=True):
            if isinstance(operation, Kept):
                self._waiting_bytes -= operation.size_bytes
            if not done.done():
                done.set_result(count)

    async def _begin_anew(self) -> None:
        """A new table in place of one that cannot be trusted; still broken where that fails."""
        _logger.error("the disk cache cannot be used as it is: it begins anew, empty")
        self._close_reader()
        try:
            await self._in_thread(self._replaced_writer)
        except (TableFull, TableBroken) as error:
            self._is_broken = True
            self._tell_full(str(error))
        else:
            self._is_broken = False
            self._open_reader()

    def _open_reader(self) -> None:
        content_bytes_max = self._terms.entry_bytes_max + ADDED_BYTES_MAX
        try:
            self._reader = TableReader(self._terms.directory, content_bytes_max)
        except (TableFull, TableBroken):
            self._reader = None
        self._hold_reader()

    def _hold_reader(self) -> None:
        if self._reader is not None:
            self._reader.hold()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _tell_full(self, why: str) -> None:
        if not self._is_full:
            _logger.error("the disk cache takes nothing, memory goes on alone: %s", why)
        self._is_full = True

    async def _in_thread(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    # In the thread:

    def _commit(self, operations: list[Operation], now_ns: int) -> Committed:
        """All of them; without the entries when the disk is full."""
        if self._has_room():
            try:
                committed = self._opened_writer().commit(
                    [self._written(each) for each in operations], now_ns
                )
            except TableFull as error:
                self._tell_full(str(error))
            else:
                self._is_full = False
                return committed
        selections = [each for each in operations if isinstance(each, Selection)]
        committed = Committed([], [])
        if selections:
            committed = self._opened_writer().commit([*selections], now_ns)
        forgotten = iter(committed.entries)
        entries = [0 if isinstance(each, Kept) else next(forgotten) for each in operations]
        return Committed(entries, committed.evicted)

    def _written(self, operation: Operation) -> Row | Selection:
        if isinstance(operation, Selection):
            return operation
        return row_of(operation, self._compressor)

    def _has_room(self) -> bool:
        disk = shutil.disk_usage(self._terms.directory)
        if disk.free * 100 >= disk.total * self._terms.free_pct_min:
            return True
        self._tell_full(f"less than {self._terms.free_pct_min} % of the disk is free")
        return False

    def _count(self, tenant_id: str) -> tuple[int, int]:
        try:
            return self._opened_writer().count(tenant_id)
        except (TableFull, TableBroken):
            return (0, 0)

    def _opened_writer(self) -> TableWriter:
        if self._writer is None:
            self._writer = TableWriter(self._terms.directory, self._terms.bytes_max)
        return self._writer

    def _replaced_writer(self) -> None:
        self._close_writer()
        remove_files(self._terms.directory)
        self._opened_writer()

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
