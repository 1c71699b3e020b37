"""The templates of a log, and a column for each place of a value in them.

Templates that begin alike share the columns of their beginnings, so that the time of each line,
say, stands in one column however its line goes on. A column in which all values are the same is
written into the templates instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

from bursar_compressor.logs.lines import Constants, Line


class Templates(NamedTuple):
    """Templates, sorted; of each line the number of its template; the columns, in the order in
    which the templates first have them.
    """

    constants: list[Constants]
    order: list[int]
    columns: list[list[str]]


def templates_of(lines: list[Line]) -> Templates:
    """From these the lines can be written again."""
    rows: dict[Constants, list[list[str]]] = {}
    for line in lines:
        rows.setdefault(line.constants, []).append(line.values)
    same = _same_values(rows)
    filled = {constants: _filled(constants, same) for constants in rows}
    kept = sorted({whole.constants for whole in filled.values()})
    numbers = {constants: number for number, constants in enumerate(kept)}
    columns: dict[Constants, list[str]] = {
        start: [] for constants in kept for start in _starts(constants)
    }
    places = {
        constants: (
            numbers[whole.constants],
            whole.is_kept,
            [columns[start] for start in _starts(whole.constants)],
        )
        for constants, whole in filled.items()
    }
    order: list[int] = []
    for line in lines:
        number, is_kept, own = places[line.constants]
        order.append(number)
        # Each value to its column: a loop in C, for there are ten values a line and more.
        any(map(list.append, own, compress(line.values, is_kept)))
    return Templates(kept, order, list(columns.values()))


def lines_of(templates: Templates) -> list[str]:
    """The lines again. Raises ValueError when a column ends too early."""
    by_start: dict[Constants, Iterator[str]] = {}
    waiting = iter(templates.columns)
    rows: list[tuple[list[str], list[Iterator[str]]]] = []
    for constants in templates.constants:
        own = [_column_at(start, by_start, waiting) for start in _starts(constants)]
        pieces = [""] * (2 * len(constants) - 1)
        pieces[::2] = constants
        rows.append((pieces, own))
    lines: list[str] = []
    for number in templates.order:
        pieces, own = rows[number]
        pieces[1::2] = map(next, own)
        lines.append("".join(pieces))
    return lines


def _starts(constants: Constants) -> list[Constants]:
    """What stands before each value: its column is that of all lines that begin so."""
    return [constants[: place + 1] for place in range(len(constants) - 1)]


def _same_values(rows: dict[Constants, list[list[str]]]) -> dict[Constants, str]:
    """The columns that hold one value only, and that value."""
    found: dict[Constants, set[str]] = {}
    for constants, every in rows.items():
        for start, column in zip(_starts(constants), zip(*every, strict=True), strict=True):
            values = found.setdefault(start, set())
            if len(values) < 2:
                values.update(column)
    return {start: min(values) for start, values in found.items() if len(values) == 1}


class _Filled(NamedTuple):
    """A template with the values written in that are always the same, and which are not."""

    constants: Constants
    is_kept: list[bool]


def _filled(constants: Constants, same: dict[Constants, str]) -> _Filled:
    parts: list[str] = []
    is_kept: list[bool] = []
    pending = ""
    for start, constant in zip(_starts(constants), constants, strict=False):
        pending += constant
        is_kept.append(start not in same)
        if start in same:
            pending += same[start]
        else:
            parts.append(pending)
            pending = ""
    return _Filled((*parts, pending + constants[-1]), is_kept)


def _column_at(
    start: Constants, by_start: dict[Constants, Iterator[str]], waiting: Iterator[list[str]]
) -> Iterator[str]:
    if start not in by_start:
        by_start[start] = iter(next(waiting, []))
    return by_start[start]
