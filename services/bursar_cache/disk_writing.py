"""The disk layer's work in its one thread: packing entries and committing them."""

from __future__ import annotations

import logging
import shutil

import zstandard

from bursar_cache.disk_form import Row, row_of
from bursar_cache.disk_table import (
    Committed,
    TableBroken,
    TableFull,
    TableWriter,
    remove_files,
)
from bursar_cache.disk_terms import DiskTerms
from bursar_cache.domain import Selection
from bursar_cache.memory import Kept
from bursar_cache.packing import ZSTD_LEVEL

Operation = Kept | Selection

_logger = logging.getLogger(__name__)


class DiskWriting:
    """Blocking calls, all from one thread."""

    def __init__(self, terms: DiskTerms) -> None:
        self._terms = terms
        self._writer: TableWriter | None = None
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._is_full = False

    def open(self) -> list[bytes]:
        """The keys that the table has. Raises TableFull, TableBroken."""
        return self._opened().keys()

    def commit(self, operations: list[Operation], now_ns: int) -> Committed:
        """All of them; without the entries when the disk is full. Raises TableFull and TableBroken
        when even what should be forgotten could not be.
        """
        if self._has_room():
            try:
                written = [self._written(operation) for operation in operations]
                committed = self._opened().commit(written, now_ns)
            except TableFull as error:
                self.tell_full(str(error))
            else:
                self._is_full = False
                return committed
        return self._forgotten(operations, now_ns)

    def sync(self) -> bool:
        """Whether all that was committed is on the disk now."""
        try:
            return self._opened().sync()
        except (TableFull, TableBroken):
            return False

    def count(self, tenant_id: str) -> tuple[int, int]:
        """Entries of a tenant and the bytes of their bodies; of all for an empty one."""
        try:
            return self._opened().count(tenant_id)
        except (TableFull, TableBroken):
            return (0, 0)

    def begin_anew(self) -> None:
        """A new table in place of one that cannot be trusted. Raises TableFull, TableBroken."""
        self.close()
        remove_files(self._terms.directory)
        self._opened()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def tell_full(self, why: str) -> None:
        """In the log, once until there is room again."""
        if not self._is_full:
            _logger.error("the disk cache takes nothing, memory goes on alone: %s", why)
        self._is_full = True

    def _forgotten(self, operations: list[Operation], now_ns: int) -> Committed:
        selections: list[Row | Selection] = [o for o in operations if isinstance(o, Selection)]
        if not selections:
            return Committed([0] * len(operations), [], [])
        committed = self._opened().commit(selections, now_ns)
        forgotten = iter(committed.entries)
        entries = [0 if isinstance(each, Kept) else next(forgotten) for each in operations]
        return Committed(entries, committed.evicted, [])

    def _written(self, operation: Operation) -> Row | Selection:
        if isinstance(operation, Selection):
            return operation
        return row_of(operation, self._compressor)

    def _has_room(self) -> bool:
        disk = shutil.disk_usage(self._terms.directory)
        if disk.free * 100 >= disk.total * self._terms.free_pct_min:
            return True
        self.tell_full(f"less than {self._terms.free_pct_min} % of the disk is free")
        return False

    def _opened(self) -> TableWriter:
        if self._writer is None:
            self._writer = TableWriter(self._terms.directory, self._terms.bytes_max)
        return self._writer
