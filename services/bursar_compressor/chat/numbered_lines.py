"""Lines that tools number: `12:text`, `  12<tab>text`. The same code further down has other
numbers and is still the same code.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBERED = re.compile(r"( *)([1-9]\d{0,8})([:\t|→].*)", re.DOTALL)


class NumberedLine(NamedTuple):
    """A line taken apart: its number, the columns that is aligned in (0: it is not), and the rest
    with the separator.
    """

    width: int
    number: int
    rest: str


def numbered(line: str) -> NumberedLine | None:
    """None where the line bears no number."""
    found = _NUMBERED.fullmatch(line)
    if found is None:
        return None
    indent, digits, rest = found.groups()
    return NumberedLine(len(indent) + len(digits) if indent else 0, int(digits), rest)


def renumbered(line: str, by: int) -> str:
    """The line with its number moved; the columns stay where the tool aligned them."""
    parts = numbered(line)
    if parts is None or not by:
        return line
    return str(parts.number + by).rjust(parts.width) + parts.rest
