"""Small blobs in one SQLite file in WAL mode, each transaction synced before it is acknowledged."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bursar.blobs.place import BlobPlace
from bursar.blobs.reference import BlobReference
from bursar.blobs.stored_form import damaged
from bursar.durable_files import create_file, storage_errors
from bursar.errors import BursarError, FailedPrecondition, StorageFull, Unavailable

FILE_NAME = "small.sqlite"
SMALL_BYTES_MAX = 64 * 1024

_SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 5.0
_CHECKPOINT_ABOVE_BYTES = 4 * 1024 * 1024
_LOG_BYTES_MAX = 16 * 1024 * 1024  # what the WAL shrinks back to
_LOGGED_BYTES_BESIDE = 8 * 1024  # a page of the table and one of its index, with each change

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    tenant BLOB NOT NULL,
    address BLOB NOT NULL,
    stored BLOB NOT NULL
);
CREATE UNIQUE INDEX blobs_by_place ON blobs (tenant, address);
PRAGMA user_version = {_SCHEMA_VERSION};
"""
# Checkpoints are made when nobody waits; what is deleted is overwritten.
_TERMS = f"""
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = {_LOG_BYTES_MAX};
PRAGMA secure_delete = ON;
"""
# Damage may have made it look like text or a number.
_READ = "SELECT CAST(stored AS BLOB) FROM blobs WHERE tenant = ? AND address = ?"
_DELETE = "DELETE FROM blobs WHERE tenant = ? AND address = ?"
# What is there already as it should be is durable, too: SQLite shows nobody what is not synced.
_PUT = (
    "INSERT INTO blobs (tenant, address, stored) VALUES (?, ?, ?) ON CONFLICT (tenant, address)"
    " DO UPDATE SET stored = excluded.stored WHERE stored IS NOT excluded.stored"
)
_BROKEN_CODES = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # no such table
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_TOOBIG,
    }
)
_PRIMARY_CODE = 0xFF


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be at a place; None for nothing."""

    place: BlobPlace
    stored: bytes | None


class SmallBlobTable:
    """The table of one directory; several processes may have it open.

    Blocking calls: `read` from any thread, all others from one at a time. Raises Unavailable when
    the file cannot be used now, FailedPrecondition when it is no such table (any more).
    """

    def __init__(self, root: Path) -> None:
        """The table in `root`, which exists; made when missing."""
        self._path = root / FILE_NAME
        self._logged_bytes = 0
        self._reading = threading.Lock()
        if not self._path.exists():
            _create(self._path)
        with _errors(self._path):
            self._writer = _connected(self._path)
            self._reader = _connected(self._path)
            (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version != _SCHEMA_VERSION:
            raise FailedPrecondition(
                f"{self._path} was written by another version of Bursar; use that one",
                facts={"path": str(self._path), "version": version},
            )
        self._sync_log()

    @property
    def is_checkpoint_due(self) -> bool:
        """Whether the log has grown enough for `checkpoint`."""
        return self._logged_bytes > _CHECKPOINT_ABOVE_BYTES

    def commit(self, changes: Sequence[Change]) -> None:
        """All of `changes`, or none; durable when this returns. What was deleted is overwritten.

        Raises StorageFull. A deletion that raises Unavailable may be seen, but not overwritten yet.
        """
        with _errors(self._path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    self._apply(change)
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
        if any(change.stored is None for change in changes):
            self._empty_log()

    def read(self, place: BlobPlace) -> bytes | None:
        """What is stored there; None for nothing. Raises BlobDamaged."""
        try:
            with self._reading, _errors(self._path):
                # To the end, as a statement that is not at its end keeps the log from emptying.
                rows = self._reader.execute(_READ, (place.tenant, place.address)).fetchall()
        except FailedPrecondition as error:
            raise damaged(BlobReference(place.address)) from error
        return (rows[0][0] or b"") if rows else None

    def checkpoint(self) -> None:
        """The log's pages go where they belong, so that it is written from its start again."""
        self._logged_bytes = 0
        with _errors(self._path):
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Gives the file back; the last of all processes leaves no log."""
        with self._reading:
            self._reader.close()
        self._writer.close()

    def _apply(self, change: Change) -> None:
        place = (change.place.tenant, change.place.address)
        if change.stored is None:
            self._writer.execute(_DELETE, place)
            return
        self._writer.execute(_PUT, (*place, change.stored))
        self._logged_bytes += len(change.stored) + _LOGGED_BYTES_BESIDE

    def _empty_log(self) -> None:
        """The log still holds what was deleted, where it was put and where it was read for that."""
        with _errors(self._path):
            (is_busy, *_) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise Unavailable(f"others use {self._path} without a pause; delete again")
        self._logged_bytes = 0

    def _sync_log(self) -> None:
        """A process that was killed between write and sync left what recovery shows to us."""
        # Never done to the file itself: to close it here would drop the locks SQLite has on it.
        log = self._path.with_name(f"{FILE_NAME}-wal")
        with storage_errors(log), suppress(FileNotFoundError):
            descriptor = os.open(log, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _create(path: Path) -> None:
    """Made aside and linked: who finds the table finds it whole, and two may make it at once."""
    aside = path.with_name(f".{secrets.token_hex(16)}.new")
    try:
        with _errors(path), closing(sqlite3.connect(aside, isolation_level=None)) as database:
            database.executescript(_SCHEMA)
        with storage_errors(path):
            made = aside.read_bytes()
        create_file(path, made)
    finally:
        aside.unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        path, isolation_level=None, timeout=_BUSY_TIMEOUT_S, check_same_thread=False
    )
    # A damaged length is allocated before it is seen to be wrong.
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * SMALL_BYTES_MAX)
    database.executescript(_TERMS)
    return database


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turns what SQLite raises into our errors; defects go on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.ProgrammingError):
            raise
        raise _translated(error, path) from error


def _translated(error: sqlite3.DatabaseError, path: Path) -> BursarError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    facts = {"path": str(path)}
    if code == sqlite3.SQLITE_FULL:
        return StorageFull(
            f"no space is left for {path}; free some or choose another data directory", facts=facts
        )
    if code in _BROKEN_CODES:
        return FailedPrecondition(
            f"{path} is damaged ({error}); restore it from a backup, or move it away while nothing"
            " runs: what it holds is then lost",
            facts=facts,
        )
    return Unavailable(f"{path} cannot be used now: {error}", facts=facts)
