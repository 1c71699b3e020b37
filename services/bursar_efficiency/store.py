"""Columns of all facts, in DuckDB: a cache of the log that replay builds again.

A file of another version, a damaged one, or one that another process holds is not used: then all is
read from the log, into a new file or into memory. Methods block; one thread at a time may call.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bursar.durable_files import make_private_directory
from bursar_efficiency.columns import Batch
from bursar_efficiency.question import Question, statement
from bursar_efficiency.schema import COLUMNS, creation, sealing

if TYPE_CHECKING:
    import duckdb

# Raised with every change of the tables or of what a fact adds.
SCHEMA_VERSION = b"1"
MEMORY_BYTES_MAX = 192_000_000
THREADS = 2

_VERSION = "schema_version"
_FILES = ("accounts.duckdb", "accounts.duckdb.wal")
_ALL_WHOS = "CREATE TEMP VIEW whos_all AS SELECT * FROM whos UNION ALL SELECT * FROM live_whos"
_ALL_LEVELS = (
    "CREATE TEMP VIEW levels_all AS SELECT task_id, arg_max(thought_level, at_ns) AS thought_level"
    " FROM (SELECT * FROM levels UNION ALL SELECT * FROM live_levels) GROUP BY task_id"
)
_PLACES = (
    "SELECT DISTINCT stream, sequence FROM"
    " (SELECT * FROM places UNION ALL SELECT * FROM live_places)"
    " WHERE checksum = ? ORDER BY ALL LIMIT ?"
)

_MEMORY = ":memory:"
_LOCKED = "Could not set lock"

_logger = logging.getLogger(__name__)

Rows = list[tuple[int | str, ...]]


@dataclass(frozen=True, slots=True)
class Groups:
    """Sums of some groups, `saved` by cause, and how many groups there are."""

    rows: Rows
    saved: Rows
    total: int


class Store:
    """Live and sealed columns, and what was sealed with them."""

    def __init__(self, directory: Path | None = None) -> None:
        self._connection = _opened(directory)
        for made in (*creation(), _ALL_WHOS, _ALL_LEVELS):
            self._connection.execute(made)

    def state(self) -> dict[str, bytes]:
        """What the last `seal` was given; empty for a new store."""
        rows = self._connection.execute("SELECT name, value FROM state").fetchall()
        return {name: value for name, value in rows if name != _VERSION}

    def whos(self) -> Rows:
        """The number and the dimensions of each combination."""
        return self._connection.execute("SELECT * FROM whos").fetchall()

    def add(self, batch: Batch) -> None:
        """What the batch holds becomes live."""
        for name, columns in COLUMNS.items():
            rows: Rows = getattr(batch, name)
            if rows:
                self._insert(name, columns, rows)

    def seal(self, state: Mapping[str, bytes]) -> None:
        """What is live becomes a segment, durable together with `state`, or not at all."""
        execute = self._connection.execute
        execute("BEGIN")
        for sealed in sealing():
            execute(sealed)
        execute("DELETE FROM state")
        for name, value in {**state, _VERSION: SCHEMA_VERSION}.items():
            execute("INSERT INTO state VALUES (?, ?)", [name, value])
        execute("COMMIT")

    def totals(self, question: Question, kind: str) -> Rows:
        """Rows of `question.statement`."""
        return self._connection.execute(*statement(question, kind)).fetchall()

    def dearest(self, question: Question, groups_max: int) -> Groups:
        """The groups that cost most. Only they leave the engine: to hand over the sums of 100,000
        takes longer than to make them.
        """
        columns = ", ".join(question.columns)
        rows, parameters = statement(question, "rows")
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE dearest AS SELECT *, count(*) OVER () AS groups_total"
            f" FROM ({rows}) ORDER BY cost_nano_usd DESC, {columns} LIMIT {groups_max}",
            parameters,
        )
        found = self._connection.execute("SELECT * FROM dearest").fetchall()
        saved, parameters = statement(question, "saved")
        of_them = f"SELECT * FROM ({saved}) SEMI JOIN dearest USING ({columns})"
        by_cause = self._connection.execute(of_them, parameters).fetchall()
        return Groups([row[:-1] for row in found], by_cause, found[0][-1] if found else 0)

    def places(self, checksum: int, places_max: int) -> list[tuple[int, int]]:
        """Numbers of streams and sequences of frames that may speak of an id, in their order."""
        return self._connection.execute(_PLACES, [checksum, places_max]).fetchall()

    def close(self) -> None:
        """Live rows are forgotten: the log has them."""
        self._connection.close()

    def _insert(self, name: str, columns: str, rows: Rows) -> None:
        import numpy as np

        table: dict[str, np.ndarray] = {}
        for column, values in zip(columns.split(", "), zip(*rows, strict=True), strict=True):
            column_name, kind = column.split(" ")
            table[column_name] = np.array(values, dtype=object if kind == "VARCHAR" else np.int64)
        self._connection.register("incoming", table)
        self._connection.execute(f"INSERT INTO live_{name} SELECT * FROM incoming")
        self._connection.unregister("incoming")


def forget(directory: Path) -> None:
    """Removes what no store has open."""
    for name in _FILES:
        (directory / name).unlink(missing_ok=True)


def _opened(directory: Path | None) -> duckdb.DuckDBPyConnection:
    """A connection to the directory's file, to a new file, or to memory."""
    if directory is None:
        return _connected(_MEMORY)
    make_private_directory(directory)
    path = directory / _FILES[0]
    import duckdb

    try:
        connection = _connected(str(path))
        if _is_ours(connection):
            return connection
        connection.close()
    except duckdb.Error as error:
        if _LOCKED in str(error):
            _logger.warning("another process holds %s: all is kept in memory", path.name)
            return _connected(_MEMORY)
        _logger.warning("%s cannot be used, all is replayed: %s", path.name, error)
    forget(directory)
    return _connected(str(path))


def _connected(place: str) -> duckdb.DuckDBPyConnection:
    import duckdb  # 30 MB, which a process that is never asked need not hold

    return duckdb.connect(
        place,
        config={
            "memory_limit": f"{MEMORY_BYTES_MAX}B",
            "threads": THREADS,
            # Nothing is ever fetched from elsewhere.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


def _is_ours(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the tables are of this version; a new file has none."""
    tables = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    if not tables:
        return True
    if "state" not in tables:
        return False
    found = connection.execute("SELECT value FROM state WHERE name = ?", [_VERSION]).fetchall()
    return found in ([], [(SCHEMA_VERSION,)])
