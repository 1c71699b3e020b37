"""Rows of a table, or JSON objects a line, brought down to samples and to what is unlike the
others.

Level safe. What is shown stands as it was, the names of the columns first; a line in brackets says
how many lines are left out between, and by which part they are restored.
"""

from __future__ import annotations

import csv
from collections.abc import Callable

import msgspec

from bursar_compressor.detection import Kind
from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Lines
from bursar_compressor.rewriting import Options, Rewritten, unchanged
from bursar_compressor.sampling import Item, hidden_runs, shown

METHOD = "sampled_lines"
LINES_MIN = 20
HIDDEN_LINES_MIN = 4  # fewer cost about as much as their marker


def rewrite(content: str, options: Options) -> Rewritten:
    """Only where a line is a row or an object: quotes that go over lines leave the text as it
    is.
    """
    lines = content.split("\n")
    rows = _items(lines, options.kind)
    if len(rows) < LINES_MIN:
        return unchanged(content)
    places = [0, *(place + 1 for place in shown(rows[1:], options.query))]
    gaps = [
        Lines(first + 1, last + 1)
        for first, last in hidden_runs(places)
        if last - first + 1 >= HIDDEN_LINES_MIN
    ]
    if not gaps:
        return unchanged(content)
    return Rewritten(
        _with_markers(lines, gaps, options.reference),
        f"{sum(gap.last - gap.first + 1 for gap in gaps)} lines like others",
        elided=tuple(gaps),
    )


def _with_markers(lines: list[str], gaps: list[Lines], reference: str) -> str:
    kept: list[str] = []
    at = 0
    of = f" of {reference}"  # once is enough
    for gap in gaps:
        kept += lines[at : gap.first - 1]
        kept.append(f"{OPENING}{gap.last - gap.first + 1} lines are left out: {gap}{of}]")
        at, of = gap.last, ""
    return "\n".join([*kept, *lines[at:]])


def _items(lines: list[str], kind: Kind) -> list[Item]:
    """One a line but for blank ones at the end; none where lines are no rows."""
    filled = lines[: len(lines) - 1] if lines and not lines[-1] else lines
    read: Callable[[str], Item] = _object if kind is Kind.NDJSON else _row_reader(filled)
    try:
        return [read(line) for line in filled]
    except (ValueError, csv.Error, StopIteration):
        return []


def _object(line: str) -> Item:
    data = msgspec.json.decode(line)
    if not isinstance(data, dict):
        return Item(type(data).__name__, [], line)
    return Item(tuple(data), list(map(str, data.values())), line)


def _row_reader(lines: list[str]) -> Callable[[str], Item]:
    separator = max(",\t;", key=lines[0].count) if lines else ","

    def row(line: str) -> Item:
        values = next(csv.reader([line], delimiter=separator, strict=True))
        return Item(len(values), values, line)

    return row
