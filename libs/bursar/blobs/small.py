"""Small blobs, many to a sync: what comes while one transaction is synced shares the next."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from bursar.blobs.place import BlobPlace
from bursar.blobs.small_table import Change, SmallBlobTable
from bursar.errors import Overloaded

BATCH_CHANGES_MAX = 256
WAITING_CHANGES_MAX = 1024  # 64 MiB at most
_RETRY_AFTER_NS = 100_000_000


@dataclass(slots=True)
class _Batch:
    """Changes of one transaction. Each loop waits for its end once, however many wait there: to
    wake a loop from another thread is a system call.
    """

    changes: list[Change] = field(default_factory=list)
    done: Future[None] = field(default_factory=Future)
    by_loop: dict[asyncio.AbstractEventLoop, asyncio.Future[None]] = field(default_factory=dict)

    def ended(self) -> asyncio.Future[None]:
        """The end as the running loop sees it."""
        loop = asyncio.get_running_loop()
        seen = self.by_loop.get(loop)
        if seen is None:
            seen = self.by_loop[loop] = asyncio.wrap_future(self.done, loop=loop)
        return seen


class SmallBlobs:
    """The table of one directory and the one thread that writes it, for any number of loops."""

    def __init__(self, table: SmallBlobTable) -> None:
        self._table = table
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="small-blobs")
        self._joining = threading.Lock()
        self._next: _Batch | None = None  # while it takes more
        self._waiting = 0

    async def put(self, place: BlobPlace, stored: bytes) -> None:
        """`stored` is at `place`, durable, when this returns; also when the caller is cancelled.

        Raises Overloaded when more than WAITING_CHANGES_MAX wait, and what the table raises.
        """
        await self._commit(Change(place, stored))

    async def delete(self, place: BlobPlace) -> None:
        """What is stored at `place` is overwritten when this returns. Raises like `put`."""
        await self._commit(Change(place, None))

    def read(self, place: BlobPlace) -> bytes | None:
        """See SmallBlobTable. Blocks; from any thread."""
        return self._table.read(place)

    async def close(self) -> None:
        """Commits what waits and gives the file back."""
        await asyncio.wrap_future(self._thread.submit(self._table.close))
        self._thread.shutdown(wait=False)

    async def _commit(self, change: Change) -> None:
        # Shielded, as one caller's cancellation would be everybody's in its batch.
        await asyncio.shield(self._joined(change))

    def _joined(self, change: Change) -> asyncio.Future[None]:
        """The end of the batch that `change` is in."""
        with self._joining:
            if self._waiting >= WAITING_CHANGES_MAX:
                raise Overloaded(
                    "the disk is slower than what is put", retry_after_ns=_RETRY_AFTER_NS
                )
            batch = self._next
            if batch is None or len(batch.changes) >= BATCH_CHANGES_MAX:
                batch = self._next = _Batch()
                self._thread.submit(self._write, batch)
            batch.changes.append(change)
            self._waiting += 1
            return batch.ended()

    def _write(self, batch: _Batch) -> None:
        with self._joining:
            if batch is self._next:
                self._next = None
        try:
            self._table.commit(batch.changes)
        except BaseException as error:
            batch.done.set_exception(error)
        else:
            batch.done.set_result(None)
        finally:
            with self._joining:
                self._waiting -= len(batch.changes)
        if self._table.is_checkpoint_due:
            # Queued, so that nobody in this batch waits for it. If it fails, the next one does it.
            self._thread.submit(self._table.checkpoint)
