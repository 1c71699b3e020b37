"""A log's lines taken apart: what lines of one template share, and the values in which they differ.

A value is a word with a digit in it (a number, an address, an identifier). Lines whose other words
are rare are compared field by field, and a field that few lines have is a value as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

USUAL_LINES_MIN = 4  # so many lines make a template, or a field a part of one

_VALUE = re.compile(
    r"((?<![0-9A-Za-z])[A-Za-z]*+\d[0-9A-Za-z]*+"
    # The rest of a UUID.
    r"(?:-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})?+)"
)

Constants = tuple[str, ...]


class Line(NamedTuple):
    """One value stands between each two of the constants."""

    constants: Constants
    values: list[str]


def taken_apart(lines: list[str]) -> list[Line]:
    """Each line; its constants and values in turn are the line again."""
    found = [by_values(line) for line in lines]
    times = Counter([line.constants for line in found])
    rare = [at for at, line in enumerate(found) if times[line.constants] < USUAL_LINES_MIN]
    if len(rare) >= USUAL_LINES_MIN:
        for at, line in zip(rare, _by_fields([lines[at] for at in rare]), strict=True):
            found[at] = line
    return found


def by_values(line: str) -> Line:
    """By its words with digits alone, whatever other lines there are."""
    pieces = _VALUE.split(line)
    return Line(tuple(pieces[::2]), pieces[1::2])


def _by_fields(lines: list[str]) -> list[Line]:
    """Fields stand between single blanks. Which of them are usual is counted at each place of the
    lines that have as many.
    """
    known: dict[str, Line] = {}
    rows: list[list[Line]] = []
    times: Counter[tuple[int, int, Constants]] = Counter()
    texts = [line.split(" ") for line in lines]
    for fields in texts:
        row = [known.get(field) or known.setdefault(field, by_values(field)) for field in fields]
        rows.append(row)
        times.update([(len(row), place, field.constants) for place, field in enumerate(row)])
    return [
        _joined(
            [
                field
                if not text or times[len(row), place, field.constants] >= USUAL_LINES_MIN
                else Line(("", ""), [text])
                for place, (text, field) in enumerate(zip(fields, row, strict=True))
            ]
        )
        for fields, row in zip(texts, rows, strict=True)
    ]


def _joined(fields: list[Line]) -> Line:
    constants: list[str] = []
    values: list[str] = []
    pending = ""
    for place, field in enumerate(fields):
        pending += f" {field.constants[0]}" if place else field.constants[0]
        for value, constant in zip(field.values, field.constants[1:], strict=True):
            constants.append(pending)
            values.append(value)
            pending = constant
    return Line((*constants, pending), values)
