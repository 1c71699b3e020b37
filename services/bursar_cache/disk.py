"""The disk layer: reads at once, writes behind in one thread, many in a transaction.

A store that is waited for is acknowledged after its transaction is committed: from then on it
survives the end of the process. A disk that is full, or a file that is broken, costs hits and never
an answer: the layer says so in the log, tries again at every store, and begins a new file in place
of a broken one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeVar

from bursar.errors import Overloaded, Unavailable
from bursar_cache.disk_form import Found
from bursar_cache.disk_table import Committed, TableBroken, TableFull, TableReader
from bursar_cache.disk_terms import DiskTerms
from bursar_cache.disk_writing import DiskWriting, Operation
from bursar_cache.domain import EvictionReason, Selection, Selector
from bursar_cache.memory import Eviction, Kept, Place
from bursar_cache.packing import Codec
from bursar_cache.presence import Presence

BATCH_OPERATIONS_MAX = 256
WAITING_BYTES_MAX = 64 * 1024 * 1024
RETRY_AFTER_NS = 100_000_000

Result = TypeVar("Result")

_logger = logging.getLogger(__name__)


class Told(NamedTuple):
    """Who is told of entries: of those that left unasked, and of the packed form of those that were
    committed.
    """

    evicted: Callable[[Eviction], None]
    packed: Callable[[Kept], None]


class Waiting(NamedTuple):
    """An operation, and who waits for it; None for a store that is written behind."""

    operation: Operation
    done: asyncio.Future[int] | None


class DiskLayer:
    """The table of one process."""

    def __init__(self, terms: DiskTerms, told: Told) -> None:
        self.damaged_entries = 0
        self._terms = terms
        self._told = told
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cache-disk")
        self._writing = DiskWriting(terms)  # belongs to the thread
        self._reader: TableReader | None = None
        self._presence = Presence()
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._work = asyncio.Event()
        self._behind: asyncio.TimerHandle | None = None
        self._is_broken = False

    async def run(self) -> None:
        """Commits what is put and forgotten, until cancelled."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                due = len(self._waiting)
                while due > 0 or self._is_broken:
                    if self._is_broken:
                        await self._begin_anew()
                    if self._is_broken:  # nothing is read, so nothing has to be forgotten
                        self._answer([0] * len(self._waiting))
                        break
                    due -= await self._commit_next()
        finally:
            for _, done in self._waiting:
                if done is not None and not done.done():
                    done.set_exception(Unavailable("the cache is shutting down"))
            self._waiting.clear()

    async def open(self) -> None:
        """Ready to read and write; without the disk, if it cannot be used now."""
        try:
            for exact_key in await self._in_thread(self._writing.open):
                self._presence.add(exact_key)
        except TableFull as error:
            self._writing.tell_full(str(error))
        except TableBroken:
            await self._begin_anew()
        self._open_reader()

    async def drain(self) -> None:
        """Returns once all that was put before is committed, or could not be."""
        if self._waiting:
            await self._submit(Selection("", Selector.KEY))  # forgets nothing, after all of them

    async def synced(self) -> bool:
        """Returns once all that was put and forgotten before would survive a power cut; False when
        that cannot be had.
        """
        await self.drain()
        if self._is_broken:
            return False
        if self._reader is not None:
            self._reader.let_go()
        is_synced = await self._in_thread(self._writing.sync)
        self._hold_reader()
        return is_synced

    async def close(self) -> None:
        """Gives the file back."""
        self._close_reader()
        await self._in_thread(self._writing.close)
        self._thread.shutdown(wait=False)

    def read(self, place: Place) -> Found | None:
        """What is at `place`, expired or not; None for nothing.

        Raises EntryDamaged; who met one says so by `forget_damaged`.
        """
        if self._reader is None or not self._presence.may_have(place[1]):
            return None
        try:
            return self._reader.read(place)
        except TableBroken:
            self._is_broken = True
            self._close_reader()
            self._work.set()
            return None
        except TableFull:  # it cannot be read now
            return None

    def forget_damaged(self, place: Place) -> None:
        """Counts and forgets an entry that cannot be given."""
        self.damaged_entries += 1
        self._told.evicted(Eviction(place, EvictionReason.DAMAGED))
        self._submit(Selection(place[0], Selector.KEY, exact_key=place[1]))

    async def put(self, kept: Kept) -> bool:
        """True once the entry is committed; False when the disk did not take it.

        Raises Overloaded when more waits to be written than 64 MiB.
        """
        if not self._has_room_for(kept):
            raise Overloaded("the disk is slower than its stores", retry_after_ns=RETRY_AFTER_NS)
        return await asyncio.shield(self._submit(kept)) > 0

    def put_behind(self, kept: Kept) -> bool:
        """Commits the entry with others, soon. False, and nothing, when too much waits already."""
        if not self._has_room_for(kept):
            return False
        self._append(Waiting(kept, None))
        if len(self._waiting) >= BATCH_OPERATIONS_MAX:
            self._work.set()
        elif self._behind is None:
            loop = asyncio.get_running_loop()
            self._behind = loop.call_later(self._terms.behind_s, self._behind_is_due)
        return True

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
        return await self._in_thread(partial(self._writing.count, tenant_id))

    def _has_room_for(self, kept: Kept) -> bool:
        return self._waiting_bytes + kept.size_bytes <= WAITING_BYTES_MAX

    def _submit(self, operation: Operation) -> asyncio.Future[int]:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._append(Waiting(operation, done))
        self._work.set()
        return done

    def _append(self, waiting: Waiting) -> None:
        operation = waiting.operation
        if isinstance(operation, Kept):
            self._waiting_bytes += operation.size_bytes
            self._presence.add(operation.place[1])
        self._waiting.append(waiting)

    def _behind_is_due(self) -> None:
        self._behind = None
        self._work.set()

    async def _commit_next(self) -> int:
        """How many operations were done; 0 when the table broke."""
        operations = [operation for operation, _ in self._waiting[:BATCH_OPERATIONS_MAX]]
        now_ns = self._terms.clock()
        if self._reader is not None:
            self._reader.let_go()
        try:
            committed = await self._in_thread(partial(self._writing.commit, operations, now_ns))
        except (TableFull, TableBroken):
            # The file is broken, or what should be forgotten could not be: then all of it goes.
            self._is_broken = True
            self._close_reader()
            return 0
        self._hold_reader()
        self._tell(committed)
        return len(operations)

    def _tell(self, committed: Committed) -> None:
        for kept in committed.kept:
            if kept.codec != Codec.PLAIN:
                self._told.packed(kept)
        self._answer(committed.entries)
        for eviction in committed.evicted:
            self._told.evicted(eviction)

    def _answer(self, entries: list[int]) -> None:
        """To the first of those that wait."""
        batch, self._waiting = self._waiting[: len(entries)], self._waiting[len(entries) :]
        for (operation, done), count in zip(batch, entries, strict=True):
            if isinstance(operation, Kept):
                self._waiting_bytes -= operation.size_bytes
            if done is not None and not done.done():
                done.set_result(count)

    async def _begin_anew(self) -> None:
        """A new table in place of one that cannot be trusted; still broken where that fails."""
        _logger.error("the disk cache cannot be used as it is: it begins anew, empty")
        self._close_reader()
        try:
            await self._in_thread(self._writing.begin_anew)
        except (TableFull, TableBroken) as error:
            self._is_broken = True
            self._writing.tell_full(str(error))
        else:
            self._is_broken = False
            self._open_reader()

    def _open_reader(self) -> None:
        try:
            self._reader = TableReader(self._terms.directory)
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

    async def _in_thread(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)
