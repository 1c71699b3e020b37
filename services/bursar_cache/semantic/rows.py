"""The questions that can be found by meaning: the index's source, in one SQLite file.

What is lost with it is lost for look-ups by meaning alone: the answers are elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

BATCH_ROWS = 1_000

_TABLE = """
CREATE TABLE IF NOT EXISTS questions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    scope BLOB NOT NULL,
    exact_key BLOB NOT NULL,
    text TEXT NOT NULL,
    answer TEXT NOT NULL,
    vector BLOB NOT NULL,
    expires_at_ns INTEGER NOT NULL,
    UNIQUE (scope, exact_key)
)
"""
_ORDER = "CREATE INDEX IF NOT EXISTS by_scope ON questions (scope, number)"
_COLUMNS = "number, scope, exact_key, text, answer, vector, expires_at_ns"


class Question(NamedTuple):
    """A question as it was stored. `vector` is float16, DIMENSIONS of them."""

    scope: bytes
    exact_key: bytes
    text: str
    answer: str
    vector: bytes
    expires_at_ns: int


class Row(NamedTuple):
    """A stored question and its number in the index."""

    number: int
    question: Question


class Rows:
    """Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_TABLE)
        self._database.execute(_ORDER)

    def add(self, question: Question) -> int:
        """Its number, larger than all before. The same key in the same scope is replaced."""
        marks = ", ".join("?" * len(question))
        statement = (
            "INSERT OR REPLACE INTO questions"
            f" (scope, exact_key, text, answer, vector, expires_at_ns) VALUES ({marks})"
        )
        number = self._database.execute(statement, question).lastrowid
        assert number is not None
        return number

    def add_all(self, questions: Iterable[Question]) -> None:
        """Many in one transaction."""
        self._database.execute("BEGIN")
        for question in questions:
            self.add(question)
        self._database.execute("COMMIT")

    def get(self, numbers: Sequence[int]) -> list[Row]:
        """Those that are there, in no order; the others were removed or replaced."""
        marks = ", ".join("?" * len(numbers))
        found = self._database.execute(
            f"SELECT {_COLUMNS} FROM questions WHERE number IN ({marks})", numbers
        )
        return [Row(number, Question(*columns)) for number, *columns in found]

    def after(self, scope: bytes, number: int) -> Iterator[tuple[int, bytes]]:
        """Numbers and vectors of a scope, ascending, those after `number`."""
        while True:
            batch: Sequence[tuple[int, bytes]] = self._database.execute(
                "SELECT number, vector FROM questions WHERE scope = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                (scope, number, BATCH_ROWS),
            ).fetchall()
            if not batch:
                return
            yield from batch
            number = batch[-1][0]

    def count(self) -> int:
        """How many there are."""
        return int(self._database.execute("SELECT count(*) FROM questions").fetchone()[0])

    def count_after(self, scope: bytes, number: int) -> int:
        """How many of a scope `after` would give."""
        return int(
            self._database.execute(
                "SELECT count(*) FROM questions WHERE scope = ? AND number > ?", (scope, number)
            ).fetchone()[0]
        )

    def remove(self, number: int) -> None:
        self._database.execute("DELETE FROM questions WHERE number = ?", (number,))

    def remove_key(self, scope: bytes, exact_key: bytes) -> None:
        self._database.execute(
            "DELETE FROM questions WHERE scope = ? AND exact_key = ?", (scope, exact_key)
        )

    def remove_oldest(self, questions: int) -> None:
        """What makes room when there are too many."""
        self._database.execute(
            "DELETE FROM questions WHERE number IN"
            " (SELECT number FROM questions ORDER BY number LIMIT ?)",
            (questions,),
        )

    def close(self) -> None:
        self._database.close()
