"""Who a pseudonym stands for: the one place that has to forget when a person asks for it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bursar.durable_files import PRIVATE_FILE_MODE, make_private_directory, storage_errors
from bursar.errors import FailedPrecondition, StorageFull, Unavailable

NAMES_FILE = "names.sqlite"

_BUSY_TIMEOUT_S = 5.0
_PASSING_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR})
_PRIMARY_CODE = 0xFF

# `secure_delete` overwrites what is deleted; FULL, as an erasure has to survive a power cut.
_SETUP = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS names (
    tenant_id TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, pseudonym)
) WITHOUT ROWID;
"""


class NameTable:
    """Names by tenant and pseudonym. Short blocking calls, safe from any thread and process.

    Raises StorageFull, Unavailable when another process holds the table for too long, and
    FailedPrecondition when the file cannot be used.
    """

    def __init__(self, path: Path, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._lock = threading.Lock()
        with storage_errors(path):
            # SQLite gives its other files the mode of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE_MODE))
        with self._errors():
            self._database = sqlite3.connect(
                path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            self._database.executescript(_SETUP)

    @classmethod
    def open(cls, data_dir: Path) -> NameTable:
        """The table of `data_dir`, made at the first time."""
        make_private_directory(data_dir)
        return cls(data_dir / NAMES_FILE)

    def remember(self, tenant_id: str, pseudonym: str, name: str) -> None:
        """From now on `pseudonym` has `name`; on disk when this returns."""
        if self.name_of(tenant_id, pseudonym) != name:
            self._run(
                "INSERT INTO names VALUES (?, ?, ?)"
                " ON CONFLICT (tenant_id, pseudonym) DO UPDATE SET name = excluded.name",
                (tenant_id, pseudonym, name),
            )

    def name_of(self, tenant_id: str, pseudonym: str) -> str | None:
        """Who `pseudonym` stands for; None when it is not known or was erased."""
        query = "SELECT name FROM names WHERE tenant_id = ? AND pseudonym = ?"
        row = self._run(query, (tenant_id, pseudonym))
        return None if row is None else str(row[0])

    def erase(self, tenant_id: str, pseudonym: str) -> None:
        """No file holds the name of `pseudonym` any more when this returns; again is no error.

        Raises Unavailable when a reader in another process kept its bytes from being overwritten:
        the name is no longer found, but erase it again.
        """
        statement = "DELETE FROM names WHERE tenant_id = ? AND pseudonym = ?"
        self._run(statement, (tenant_id, pseudonym))
        row = self._run("PRAGMA wal_checkpoint(TRUNCATE)", ())
        if row is None or row[0] != 0:
            raise Unavailable("the name is erased but its bytes are still on disk; erase it again")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _run(self, statement: str, values: tuple[str, ...]) -> tuple[str | int, ...] | None:
        with self._lock, self._errors(), closing(self._database.execute(statement, values)) as rows:
            row: tuple[str | int, ...] | None = rows.fetchone()
            return row

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            facts = {"path": str(self._path)}
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
            if code == sqlite3.SQLITE_FULL:
                message = f"no space is left for {self._path}; free some"
                raise StorageFull(message, facts=facts) from error
            if code in _PASSING_CODES:
                raise Unavailable(
                    f"{self._path} cannot be used now: {error}", facts=facts
                ) from error
            raise FailedPrecondition(
                f"{self._path} cannot be used: {error}; restore it, or delete it: only the names of"
                " pseudonyms are lost with it",
                facts=facts,
            ) from error
