"""The disk layer's table: one SQLite file in WAL mode, written in transactions, read at any time.

A committed transaction survives the end of the process however it ends. A power cut may take the
last ones, whole: the file is synced at checkpoints, not at each commit, because what is lost is a
cache. Blocking calls; each object belongs to one thread.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bursar.durable_files import PRIVATE_FILE_MODE, make_private_directory
from bursar.errors import FailedPrecondition, StorageFull, Unavailable
from bursar_cache.disk_form import Found, Row, checked
from bursar_cache.domain import DEPENDENCY_MARK, EvictionReason, Selection, Selector
from bursar_cache.memory import Eviction, Kept, Place

FILE_NAME = "entries.sqlite"
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
LOG_BYTES_MAX = 8 * 1024 * 1024  # what the WAL shrinks back to
READ_PAGES_KIB = 16 * 1024  # that a reader holds in memory
ROW_BYTES = 512  # what an entry takes beside its body, at most: its columns and index entries
EVICTED_AT_ONCE = 32
EXPIRED_AT_ONCE = 64

_SETUP = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = {LOG_BYTES_MAX};
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    exact_key BLOB NOT NULL,
    model TEXT NOT NULL,
    stored_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_key ON entries (tenant_id, exact_key);
CREATE INDEX IF NOT EXISTS entries_by_model ON entries (tenant_id, model, size_bytes);
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_at_ns);
CREATE TABLE IF NOT EXISTS tags (
    tenant_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    entry_id INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, tag, entry_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_by_entry ON tags (entry_id);
CREATE TRIGGER IF NOT EXISTS tags_go_with_entries AFTER DELETE ON entries BEGIN
    DELETE FROM tags WHERE entry_id = OLD.id;
END;
PRAGMA user_version = {SCHEMA_VERSION};
"""
_READ = (
    "SELECT stored_at_ns, expires_at_ns, codec, checksum, body FROM entries"
    " WHERE tenant_id = ? AND exact_key = ?"
)
_INSERT = (
    "INSERT OR IGNORE INTO entries (tenant_id, exact_key, model, stored_at_ns, expires_at_ns,"
    " size_bytes, codec, checksum, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DELETE = "DELETE FROM entries WHERE tenant_id = ? AND exact_key = ?"
_TAG = "INSERT INTO tags (tenant_id, tag, entry_id) VALUES (?, ?, ?)"
_SELECTED = {
    Selector.KEY: "tenant_id = ?1 AND exact_key = ?2",
    Selector.TAG: "id IN (SELECT entry_id FROM tags WHERE tenant_id = ?1 AND tag = ?2)",
    Selector.DEPENDENCY: "id IN (SELECT entry_id FROM tags WHERE tenant_id = ?1 AND tag = ?2)",
    Selector.TAG_PREFIX: (
        "id IN (SELECT entry_id FROM tags WHERE tenant_id = ?1 AND substr(tag, 1, length(?2)) = ?2)"
    ),
    Selector.MODEL: "tenant_id = ?1 AND model = ?2",
    Selector.EVERYTHING: "tenant_id = ?1 AND ?2 = ''",
}
_FULL_CODES = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY}
)
_BROKEN_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA})
_PRIMARY_CODE = 0xFF


class TableFull(Exception):
    """The disk took nothing of the transaction."""


class TableBroken(Exception):
    """The file is no longer a table."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction did: for each operation 1 or the number of entries forgotten."""

    entries: list[int]
    evicted: list[Eviction]
    kept: list[Kept]  # as they were written


class TableReader:
    """Reads from the thread that made it. Never waits for a writer."""

    def __init__(self, directory: Path) -> None:
        with _errors():
            self._database = sqlite3.connect(
                f"file:{directory / FILE_NAME}?mode=ro", uri=True, isolation_level=None, timeout=0
            )
            self._database.execute(f"PRAGMA cache_size = -{READ_PAGES_KIB}")

    def read(self, place: Place) -> Found | None:
        """What is at `place`, expired or not; None when there is nothing.

        Raises EntryDamaged, TableBroken.
        """
        try:
            row = self._database.execute(_READ, place).fetchone()
        except sqlite3.DatabaseError as error:
            raise _translated(error) from error
        if row is None:
            return None
        return checked(place, Found(*row))

    def hold(self) -> None:
        """Reads from here on see the table as of the first of them, and cost less: each other one
        takes and gives back a lock of the file, two calls of the system.
        """
        if not self._database.in_transaction:
            with _errors():
                self._database.execute("BEGIN")

    def let_go(self) -> None:
        """Reads see what is committed again. While a reader holds, the WAL is never emptied, so
        this comes before each transaction that is written.
        """
        if self._database.in_transaction:
            with _errors():
                self._database.execute("COMMIT")

    def close(self) -> None:
        self._database.close()


class TableWriter:
    """Writes from the thread that made it. `bytes_max` bounds the table; its log adds 8 MiB."""

    def __init__(self, directory: Path, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        path = directory / FILE_NAME
        with _errors():
            make_private_directory(directory)
            # SQLite gives its other files the mode of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE_MODE))
            self._database = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version not in (0, SCHEMA_VERSION):
                raise TableBroken(f"written by another version: {version}")
            self._database.executescript(_SETUP)
            (self._page_bytes,) = self._database.execute("PRAGMA page_size").fetchone()

    def commit(self, operations: list[Row | Selection], now_ns: int) -> Committed:
        """All of `operations` in their order, or none. Makes room for what comes.

        Raises TableFull, TableBroken.
        """
        committed = Committed([], [], [])
        with _errors(), self._transaction():
            committed.evicted.extend(self._expired(now_ns))
            room_bytes = self._bytes_max - self._used_bytes()
            for operation in operations:
                if isinstance(operation, Selection):
                    committed.entries.append(self._forget(operation))
                    continue
                needed_bytes = len(operation.kept.body) + ROW_BYTES
                if needed_bytes > room_bytes:
                    committed.evicted.extend(self._make_room(needed_bytes))
                    room_bytes = self._bytes_max - self._used_bytes()
                room_bytes -= needed_bytes
                self._put(operation)
                committed.entries.append(1)
                committed.kept.append(operation.kept)
        return committed

    def count(self, tenant_id: str) -> tuple[int, int]:
        """Entries of a tenant and the bytes of their bodies; of all for an empty one."""
        chosen = "WHERE tenant_id = ?1" if tenant_id else "WHERE ?1 = ''"
        with _errors():
            entries, size_bytes = self._database.execute(
                f"SELECT COUNT(*), COALESCE(SUM(size_bytes), 0) FROM entries {chosen}",
                (tenant_id,),
            ).fetchone()
        return entries, size_bytes

    def sync(self) -> bool:
        """Puts the WAL into the table and syncs both; False where a reader stood in the way."""
        with _errors():
            (is_blocked, _, _) = self._database.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        return not is_blocked

    def keys(self) -> list[bytes]:
        """The keys of all entries, whosever they are."""
        with _errors():
            return [key for (key,) in self._database.execute("SELECT exact_key FROM entries")]

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")

    def _put(self, row: Row) -> None:
        kept = row.kept
        written = (len(kept.body), kept.codec, row.checksum, kept.body)
        values = (*kept.place, kept.model, kept.stored_at_ns, kept.expires_at_ns, *written)
        cursor = self._database.execute(_INSERT, values)
        if not cursor.rowcount:
            self._database.execute(_DELETE, kept.place)
            cursor = self._database.execute(_INSERT, values)
        for tag in kept.tags:
            self._database.execute(_TAG, (kept.place[0], tag, cursor.lastrowid))

    def _forget(self, selection: Selection) -> int:
        value: bytes | str = selection.name
        if selection.selector is Selector.KEY:
            value = selection.exact_key
        elif selection.selector is Selector.DEPENDENCY:
            value = DEPENDENCY_MARK + selection.name
        cursor = self._database.execute(
            f"DELETE FROM entries WHERE {_SELECTED[selection.selector]} AND stored_at_ns <= ?3",
            (selection.tenant_id, value, selection.stored_until_ns),
        )
        return cursor.rowcount

    def _expired(self, now_ns: int) -> list[Eviction]:
        places = self._delete_first(f"WHERE expires_at_ns <= {now_ns:d}", EXPIRED_AT_ONCE)
        return [Eviction(place, EvictionReason.EXPIRED) for place in places]

    def _make_room(self, needed_bytes: int) -> list[Eviction]:
        """Those that would expire first leave, a few at a time."""
        evicted: list[Eviction] = []
        while self._used_bytes() + needed_bytes > self._bytes_max:
            places = self._delete_first("", EVICTED_AT_ONCE)
            if not places:
                break
            evicted.extend(Eviction(place, EvictionReason.SIZE) for place in places)
        return evicted

    def _delete_first(self, where: str, entries_max: int) -> list[Place]:
        rows = self._database.execute(
            f"SELECT id, tenant_id, exact_key FROM entries {where} ORDER BY expires_at_ns LIMIT ?",
            (entries_max,),
        ).fetchall()
        self._database.executemany("DELETE FROM entries WHERE id = ?", [row[:1] for row in rows])
        return [(tenant_id, exact_key) for _, tenant_id, exact_key in rows]

    def _used_bytes(self) -> int:
        """Pages in use. Free ones are used again, so the file does not grow beyond the most."""
        (pages,) = self._database.execute("PRAGMA page_count").fetchone()
        (free_pages,) = self._database.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free_pages) * int(self._page_bytes)


def remove_files(directory: Path) -> None:
    """The table is gone; open connections keep what they see. Raises TableFull when the
    files cannot be removed.
    """
    with _errors():
        for suffix in ("", "-wal", "-shm"):
            (directory / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)


@contextmanager
def _errors() -> Iterator[None]:
    """Turns what the disk and SQLite raise into TableFull and TableBroken; defects go on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _translated(error) from error
    except (OSError, StorageFull, FailedPrecondition, Unavailable) as error:
        raise TableFull(str(error)) from error


def _translated(error: sqlite3.DatabaseError) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code in _BROKEN_CODES:
        return TableBroken(str(error))
    return TableFull(str(error)) if code in _FULL_CODES else error
