"""Small blobs, many to a sync: what comes while one transaction is synced shares the next."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from bursar.blobs.place import BlobPlace
from bursar.blobs.small_table import Change, SmallBlobTable
from bursar.errors import Overloaded

BATCH_CHANGES_MAX = 256
WAITING_CHANGES_MAX = 1024  # 64 MiB at most
_RETRY_AFTER_NS = 100_000_000


class SmallBlobs:
    """The table of one directory and the one thread that writes it, for any number of loops."""

    def __init__(self, table: SmallBlobTable) -> None:
        self._table = table
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="small-blobs")
        self._joining = threading.Lock()
        self._next: list[Change] = []
        self._next_done: Future[None] | None = None  # while the next batch takes more
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
        await asyncio.shield(asyncio.wrap_future(self._joined(change)))

    def _joined(self, change: Change) -> Future[None]:
        """The end of the batch that `change` is in."""
        with self._joining:
            if self._waiting >= WAITING_CHANGES_MAX:
                raise Overloaded(
                    "the disk is slower than what is put", retry_after_ns=_RETRY_AFTER_NS
                )
            if self._next_done is None or len(self._next) >= BATCH_CHANGES_MAX:
                self._next = []
                self._next_done = self._thread.submit(self._write, self._next)
            self._next.append(change)
            self._waiting += 1
            return self._next_done

    def _write(self, batch: list[Change]) -> None:
        with self._joining:
            if batch is self._next:
                self._next_done = None
        try:
            self._table.commit(batch)
        finally:
            with self._joining:
                self._waiting -= len(batch)
        if self._table.is_checkpoint_due:
            # Queued, so that nobody in this batch waits for it. If it fails, the next one does it.
            self._thread.submit(self._table.checkpoint)
